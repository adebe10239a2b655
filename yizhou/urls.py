"""Addresses, wired by name: the ground floor imports no app."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

urlpatterns = [
    path("", include("grid.urls")),
    path("", include("monitoring.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
]

handler400 = "grid.views.errors.bad_request"
handler403 = "grid.views.errors.forbidden"
handler404 = "grid.views.errors.not_found"
handler500 = "grid.views.errors.failed"
