"""What the field app says to the county: enrol, ping, fetch the pack, send visits and photos.

Every answer but 204 and 304 is JSON; a refusal is {code, detail} and, for 422, errors by field.
"""

import gzip
import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from grid.actions import phones
from grid.actions.attachments import receive_attachment
from grid.actions.envelopes import Received, Sent, receive_visit
from grid.actions.facts import decide_clash, values_of
from grid.actions.facts import in_words as fact_in_words
from grid.actions.field_reports import receive_report
from grid.client_address import address_of
from grid.collecting import offer
from grid.envelopes import Faulty, from_base64
from grid.field_files import field_files
from grid.field_signing import PhoneAuthentication, PhoneRequest, check_app, drop_token, set_token
from grid.letters import id_of, moment_of, read_clock, text_of, uuid_of
from grid.models import Account, Envelope, FactEdit, FieldKey, Phone
from grid.offline import account_of, etag_of, pack_of
from grid.refused import as_refusal, record_refused
from grid.scope import found
from grid.sign_in_tries import count_try, note_wrong, take_off
from grid.views.signing_in import SignInForm
from grid.wall import EVERYTHING, at_rest, bounds_of, raise_wall
from yizhou.refusals import Denial

Answer = HttpResponse


# ---- around every call ----


def as_answers(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal as {code, detail}. What the program did not expect stays a 500."""
    exc = as_refusal(exc)
    request = context["request"]
    if request._request._read_started is False:
        throw_away(request._request, settings.FIELD_ATTACHMENT_BYTES)
    if isinstance(exc, Denial):
        if exc.status == 403:
            record_refused(request.user, request._request, exc)
        return Response({"code": exc.code, "detail": exc.sentence}, status=exc.status)
    if not isinstance(exc, exceptions.APIException):
        return None
    detail = exc.detail
    code = getattr(detail, "code", None) or exc.default_code
    sentence = str(detail) if isinstance(detail, str) else "请求的内容读不懂，请更新应用后再试。"
    return Response({"code": code, "detail": sentence}, status=exc.status_code)


def _answering(call: Any) -> Any:
    """Refusals in the words of the field; left out of the departments' API document."""
    call.cls.get_exception_handler = lambda self: as_answers
    return extend_schema(exclude=True)(call)


def phone_call(method: str, *, sight: bool = True) -> Callable[[Callable[..., Answer]], Any]:
    """A call of an enrolled phone; with `sight`, behind the wall of its account."""

    def wrap(view: Callable[..., Answer]) -> Any:
        @wraps(view)
        def inner(request: Request, *args: Any, **kwargs: Any) -> Answer:
            try:
                if sight:
                    raise_wall(bounds_of(request.user))
                return view(request, *args, **kwargs)
            finally:
                with suppress(DatabaseError):
                    raise_wall(at_rest())

        signed = authentication_classes([PhoneAuthentication])(inner)
        call = api_view([method])(permission_classes([IsAuthenticated])(signed))
        return _answering(call)

    return wrap


def open_call(view: Callable[..., Answer]) -> Any:
    """A POST before anybody is known."""
    call = api_view(["POST"])(permission_classes([AllowAny])(authentication_classes([])(view)))
    return _answering(call)


def sent_json(request: Request) -> dict[str, Any]:
    """The body as a JSON object. Raises Faulty."""
    try:
        said = json.loads(whole_body(request, settings.FIELD_ENVELOPE_BYTES))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Faulty("请求的内容读不懂，请更新应用后再试。", code="not_json")
    return said


def whole_body(request: Request, most: int) -> bytes:
    """At most so many bytes; a longer body is refused before it is in memory. Raises Faulty."""
    plain = request._request
    if (length := _length(plain)) <= most:
        return plain.body
    throw_away(plain, settings.FIELD_DRAINED_BYTES)
    raise Faulty(
        f"附件 {length / 1_000_000:.1f} MB，超过上限 {most / 1_000_000:.1f} MB，没有收下。"
        "请在应用里重拍，应用会自动压缩。",
        code="too_large",
        status=413,
    )


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def throw_away(request: HttpRequest, most: int) -> None:
    """Read a body piece by piece and keep nothing: a connection cut in the middle of sending
    would hide the answer from the phone.
    """
    left = min(_length(request), most)
    with suppress(OSError):
        while left > 0 and (piece := request.read(min(left, 1 << 16))):
            left -= len(piece)


# ---- enrolment and contact ----


@open_call
def enrol(request: Request) -> Answer:
    check_app(request)
    said = sent_json(request)
    account = _signed_in(request, said)
    install = uuid_of(said.get("install"))
    if install is None:
        raise Faulty("应用没有给出安装编号，请更新应用后再登录。", code="install")
    phone, token = phones.enrol_phone(
        acting=account,
        install=install,
        name=text_of(said.get("name"), 60),
        address=address_of(request._request),
    )
    body = {
        "device": str(phone.pk),
        "account": account_of(account),
        "key": _key(),
        "policy": settings.FIELD_POLICY,
    }
    response = Response(body, status=201, headers={"Cache-Control": "no-store"})
    set_token(response, token)
    return response


def _signed_in(request: Request, said: dict[str, Any]) -> Account:
    """Raises TooManyTries, Faulty (401) as the sign-in page says it."""
    username = text_of(said.get("username"), 150)
    password = said.get("password") if isinstance(said.get("password"), str) else ""
    named = phones.account_named(username)
    count_try(username, request._request)
    account = authenticate(request._request, username=username, password=password)
    if isinstance(account, Account):
        take_off(username, request._request)
        return account
    closed = named is not None and not named.is_active and named.check_password(password or "")
    sentence = str(SignInForm.error_messages["inactive" if closed else "invalid_login"])
    note_wrong(username, request._request, sentence, verb="refused_enrolment")
    raise Faulty(sentence, code="closed" if closed else "wrong_password", status=401)


def _key() -> dict[str, str]:
    key: FieldKey = phones.current_key()
    return {"kid": key.kid, "spki": key.spki}


@phone_call("GET", sight=False)
def ping(request: PhoneRequest) -> Answer:
    phone = request.auth
    given = request.query_params
    oldest = moment_of(given.get("oldest", "").replace(" ", "+"))
    phones.note_contact(
        phone=phone,
        unsent=min(id_of(given.get("unsent")) or 0, 10_000),
        oldest=oldest,
        address=address_of(request._request),
    )
    raise_wall(EVERYTHING)  # only a hash of what it sees leaves this call
    body = {
        "app": "yizhou-field",
        "now": timezone.localtime().isoformat(timespec="milliseconds"),
        "wipe": phone.state == Phone.State.WIPE_ORDERED,
        "pack": etag_of(request.user),
        "key": _key(),
        "account": {"id": request.user.pk},
        "build": field_files().build,
    }
    return Response(body)


@phone_call("GET")
def pack(request: PhoneRequest) -> Answer:
    phone = request.auth
    if phone.state != Phone.State.LIVE:
        raise Faulty("这台手机已下令清除，不能再取数据。请重新登录。", code="wiped", status=403)
    etag = etag_of(request.user)
    if request.headers.get("If-None-Match", "").removeprefix("W/") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    carried = pack_of(request.user)
    phones.take_pack(acting=request.user, phone=phone, households=len(carried["households"]))
    body = json.dumps(carried, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"ETag": etag, "Vary": "Accept-Encoding", "Cache-Control": "no-store"}
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, compresslevel=5)
        headers["Content-Encoding"] = "gzip"
    return HttpResponse(body, content_type="application/json; charset=utf-8", headers=headers)


# ---- what comes back ----


def _sent(request: PhoneRequest) -> Sent:
    """The envelope of the body. Raises Faulty, CannotOpen."""
    said = sent_json(request)
    name = uuid_of(said.get("id"))
    if name is None:
        raise Faulty("记录没有编号，请更新应用后再送。", code="no_id")
    return Sent(
        phone=request.auth,
        name=name,
        kid=text_of(said.get("kid"), 40),
        key=text_of(said.get("key"), 2000),
        body=from_base64(said.get("body")),
        clock=read_clock(request.headers.get("X-Phone-Now", "")),
    )


@phone_call("POST")
def visits(request: PhoneRequest) -> Answer:
    received = receive_visit(acting=request.user, sent=_sent(request))
    visit = received.envelope.visit
    if received.is_new and visit is not None:
        offer(visit)
    return _answer(received, visit=str(visit.pk) if visit else None)


@phone_call("POST")
def reports(request: PhoneRequest) -> Answer:
    return _answer(receive_report(acting=request.user, sent=_sent(request)))


def _answer(received: Received, **more: Any) -> Answer:
    envelope = received.envelope
    body: dict[str, Any] = {
        "receipt": envelope.receipt,
        "state": envelope.state,
        "sentence": envelope.sentence,
        "clashes": [_clash(edit) for edit in received.clashes],
    } | more
    if envelope.state == Envelope.State.INVALID:
        body |= {"errors": envelope.errors, "detail": envelope.sentence, "code": "invalid"}
        return Response(body, status=422)
    return Response(body, status=201 if received.is_new else 200)


def _clash(edit: FactEdit) -> dict[str, Any]:
    values = values_of(edit)
    return {
        "id": str(edit.pk),
        "household": edit.household_id,
        "person": edit.person_id,
        "subject": edit.subject_name,
        "field": edit.field,
        "field_label": edit.get_field_display(),
        "mine": fact_in_words(edit.field, values.mine),
        "office": fact_in_words(edit.field, values.office),
        "office_by": edit.office_by,
        "office_at": edit.office_at.isoformat() if edit.office_at else None,
    }


@phone_call("PUT")
def photos(request: PhoneRequest, pk: uuid.UUID) -> Answer:
    body = whole_body(request, settings.FIELD_ATTACHMENT_BYTES)
    headers = request.headers
    envelope_id = uuid_of(headers.get("X-Visit", ""))
    if envelope_id is None:
        raise Faulty("附件没有说明属于哪次走访，请更新应用。", code="no_visit_named")
    attachment, is_new = receive_attachment(
        acting=request.user,
        sent=Sent(
            phone=request.auth,
            name=pk,
            kid=headers.get("X-Kid", ""),
            key=headers.get("X-Key", ""),
            body=body,
            clock=read_clock(headers.get("X-Phone-Now", "")),
        ),
        envelope_id=envelope_id,
        checksum=headers.get("X-Content-SHA256", ""),
    )
    return Response({"id": str(attachment.pk)}, status=201 if is_new else 200)


@phone_call("POST")
def clashes(request: PhoneRequest, pk: uuid.UUID) -> Answer:
    edit = found(request.user.sees(FactEdit).filter(by=request.user), pk)
    said = sent_json(request)
    edit = decide_clash(
        acting=request.user,
        edit=edit,
        choice=text_of(said.get("choice"), 10),
        reason=text_of(said.get("note"), 200),
    )
    sentences = {
        FactEdit.State.MINE: "已用您填的改好。",
        FactEdit.State.OFFICE: "已保留登记的。",
        FactEdit.State.TOWNSHIP: "已交乡镇，定了以后按乡镇的改。",
    }
    again = "登记刚又变了，请看清新的值再选。"
    return Response(
        {
            "state": edit.state,
            "sentence": sentences.get(FactEdit.State(edit.state), again),
            "clash": _clash(edit),
        }
    )


@phone_call("POST", sight=False)
def signout(request: PhoneRequest) -> Answer:
    phones.sign_out_phone(acting=request.user, phone=request.auth)
    response = HttpResponse(status=204)
    drop_token(response)
    return response


@phone_call("POST", sight=False)
def wiped(request: PhoneRequest) -> Answer:
    phones.wiped(acting=request.user, phone=request.auth)
    return HttpResponse(status=204)


urlpatterns = [
    path("api/field/enrol/", enrol, name="api-field-enrol"),
    path("api/field/ping/", ping, name="api-field-ping"),
    path("api/field/pack/", pack, name="api-field-pack"),
    path("api/field/visits/", visits, name="api-field-visits"),
    path("api/field/photos/<uuid:pk>/", photos, name="api-field-photos"),
    path("api/field/reports/", reports, name="api-field-reports"),
    path("api/field/clashes/<uuid:pk>/", clashes, name="api-field-clashes"),
    path("api/field/signout/", signout, name="api-field-signout"),
    path("api/field/wiped/", wiped, name="api-field-wiped"),
]
