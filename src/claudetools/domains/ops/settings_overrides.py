"""Settings overrides: values that take the place of those from the environment while the server runs."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json


class SettingsOverride(Record):
    """The value of one setting, and who set it."""

    __tablename__ = "settings_overrides"

    name: Mapped[str] = mapped_column(String(64), unique=True)
    value: Mapped[Any] = mapped_column(Json)
    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
