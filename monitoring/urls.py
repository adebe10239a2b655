"""Addresses of monitoring."""

from django.urls import path

from monitoring import api, api_transfers
from monitoring.views import (
    data_calendar,
    data_conflicts,
    data_dictionary,
    decide,
    registry_proposals,
    review_queue,
    rule_list,
    screening,
    upload_data,
)

urlpatterns = [
    path("queue/", review_queue.review_queue, name="queue"),
    path("work-items/<int:pk>/assign/", decide.assign, name="assign-work-item"),
    path("work-items/<int:pk>/return/", decide.send_back, name="return-work-item"),
    path("alerts/<int:pk>/settle/", decide.settle, name="settle-alert"),
    path("screening/", screening.runs, name="screening"),
    path("screening/run/", screening.run_now, name="run-screening"),
    path("screening/<int:pk>/retry/", screening.retry, name="retry-screening"),
    path("screening/schedule/", screening.change_schedule, name="change-schedule"),
    path("rules/", rule_list.rule_list, name="rules"),
    *data_calendar.urlpatterns,
    *data_conflicts.urlpatterns,
    *registry_proposals.urlpatterns,
    *data_dictionary.urlpatterns,
    *upload_data.urlpatterns,  # last: it has data/<slug>/
    *api.urlpatterns,
    *api_transfers.urlpatterns,
]
