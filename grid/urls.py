"""Addresses of the county on the ground."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from grid.views import (
    audit_trail,
    big_type,
    campaigns,
    deadlines,
    health,
    home,
    households,
    identity,
    manage_keys,
    my_work,
    notices,
    own_password,
    record_visit,
    signing_in,
    staffing,
    visit_plans,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("signin/", signing_in.signin, name="signin"),
    path("password/", own_password.own_password, name="own-password"),
    path("signout/", LogoutView.as_view(), name="signout"),
    path("big-type/", big_type.switch, name="big-type"),
    path("health/live/", health.live, name="health-live"),
    path("health/ready/", health.ready, name="health-ready"),
    path("my-work/", my_work.my_work, name="my-work"),
    path("my-work/route/", my_work.route_sheet, name="route-sheet"),
    path("my-work/<int:pk>/visit/", record_visit.record_visit, name="record-visit"),
    path("visits/<uuid:pk>/done/", record_visit.visit_done, name="visit-done"),
    *households.urlpatterns,
    *identity.urlpatterns,
    *staffing.urlpatterns,
    *manage_keys.urlpatterns,
    *audit_trail.urlpatterns,
    *notices.urlpatterns,
    *deadlines.urlpatterns,
    *visit_plans.urlpatterns,
    *campaigns.urlpatterns,
]
