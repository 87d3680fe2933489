"""A person's webhooks by the API: made, listed, and ended by whoever made them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import func, select

from hilum.web.api.asking import Here
from hilum.web.api.schemas import NewWebhook, Number, WebhookIn, WebhookList, WebhookOut
from hilum.web.problems import InvalidRequest, NotFound
from hilum.web.rights import Right
from hilum.web.visitor import Visitor, require
from hilum.web.webhooks import check_url, new_secret
from hilum.worklist.audit import record
from hilum.worklist.tables import Webhook

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
Owner = Annotated[Visitor, Depends(require(Right.SET_WEBHOOK))]
MOST_WEBHOOKS = 20  # of a person


@router.get("", summary="Your webhooks")
def list_webhooks(visitor: Owner, station: Here) -> WebhookList:
    """Those that are told; their secrets are not shown again."""
    own = (
        select(Webhook).where(Webhook.person_id == visitor.person_id, Webhook.is_active).order_by(Webhook.id)
    )
    with station.database.reading() as session:
        return WebhookList(webhooks=[_out(hook) for hook in session.scalars(own)])


@router.post("", status_code=201, summary="Be told of finished studies")
def add_webhook(sent: WebhookIn, visitor: Owner, station: Here, request: Request) -> NewWebhook:
    """The URL is called for every study of your uploads that ends scored, refused, or failed.

    Each call is signed as Standard Webhooks has it, and tried again for three days.
    """
    check_url(sent.url, allows_private=request.app.state.settings.webhooks_to_private)
    secret = new_secret()
    with station.database.writing() as session:
        n_active = select(func.count(Webhook.id)).where(
            Webhook.person_id == visitor.person_id, Webhook.is_active
        )
        if (session.scalar(n_active) or 0) >= MOST_WEBHOOKS:
            raise InvalidRequest(f"a person has at most {MOST_WEBHOOKS} webhooks; end one first")
        hook = Webhook(person_id=visitor.person_id, url=sent.url, secret=secret, created_at=station.now())
        session.add(hook)
        session.flush()
        record(session, at=station.now(), who=visitor.login, action="make-webhook", webhook=hook.id)
        return NewWebhook(**_out(hook).model_dump(), secret=secret)


@router.delete("/{webhook}", status_code=204, summary="End a webhook")
def end_webhook(webhook: Number, visitor: Owner, station: Here) -> None:
    """It is told of nothing more; what waited is given up."""
    with station.database.writing() as session:
        hook = session.get(Webhook, webhook)
        if hook is None or hook.person_id != visitor.person_id or not hook.is_active:
            raise NotFound(f"you have no webhook {webhook}")
        hook.is_active = False
        record(session, at=station.now(), who=visitor.login, action="end-webhook", webhook=hook.id)


def _out(hook: Webhook) -> WebhookOut:
    return WebhookOut(webhook=hook.id, url=hook.url, created_at=hook.created_at)
