"""Requests as signed-in views know them; for type checkers only."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from grid.models import Account


class SignedInRequest(HttpRequest):
    """What login_required lets through: `user` is an Account, `htmx` is set by middleware."""

    user: Account
    htmx: HtmxDetails
