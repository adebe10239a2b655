"""Addresses of the county on the ground."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from grid import api_field
from grid.views import (
    audit_trail,
    big_type,
    fact_clashes,
    field,
    health,
    home,
    household_events,
    households,
    identity,
    manage_keys,
    my_work,
    own_password,
    pairings,
    phones,
    promises,
    record_visit,
    reports,
    signing_in,
    staffing,
    visits,
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
    *record_visit.urlpatterns,
    *visits.urlpatterns,
    *field.urlpatterns,
    *api_field.urlpatterns,
    *phones.urlpatterns,
    *fact_clashes.urlpatterns,
    *households.urlpatterns,
    *household_events.urlpatterns,
    *reports.urlpatterns,
    *pairings.urlpatterns,
    *promises.urlpatterns,
    *identity.urlpatterns,
    *staffing.urlpatterns,
    *manage_keys.urlpatterns,
    *audit_trail.urlpatterns,
]
