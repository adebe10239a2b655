"""Addresses of monitoring."""

from django.urls import path

from monitoring import api, api_transfers
from monitoring.views import (
    batch_settle,
    data_calendar,
    data_conflicts,
    data_dictionary,
    decide,
    explain,
    held_alerts,
    registry_proposals,
    review_queue,
    rule_back_tests,
    rule_desk,
    rule_list,
    run_comparison,
    run_pages,
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
    *batch_settle.urlpatterns,
    *data_calendar.urlpatterns,
    *data_conflicts.urlpatterns,
    *registry_proposals.urlpatterns,
    *data_dictionary.urlpatterns,
    *held_alerts.urlpatterns,
    *upload_data.urlpatterns,  # last: it has data/<slug>/
    *explain.urlpatterns,
    *rule_desk.urlpatterns,  # first: it has rules/new/
    *rule_back_tests.urlpatterns,
    *rule_list.urlpatterns,
    *run_pages.urlpatterns,
    *run_comparison.urlpatterns,
    *api.urlpatterns,
    *api_transfers.urlpatterns,
]
