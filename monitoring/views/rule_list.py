"""The published rules with their figures: everybody who sees alerts may read why they fire."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from grid.frame import sees_people
from grid.requests import SignedInRequest
from monitoring.published import published_rules
from yizhou.refusals import NotAllowed


@login_required
@require_GET
def rule_list(request: SignedInRequest) -> HttpResponse:
    if not sees_people(request.user):
        raise NotAllowed("您的职务不查看研判规则。")
    return render(request, "monitoring/rules.html", {"rules": published_rules()})
