"""People, what they may do, and tokens for machines. All governed: every change has history."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from portal.access.roles import PERMITTED, READING, Action, Role
from portal.history.asof import standpoint
from portal.history.context import Actor, Source
from portal.history.tracking import TrackedHistory
from portal.records.ids import uuid7
from portal.retention.personal import PersonalData


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person with a log-in. Deactivated when they leave, never deleted: history names them."""

    # Whoever is erased cannot log in any more: "!" begins a password that none fits.
    personal_fields = (
        PersonalData(
            names=("username", "full_name", "email"),
            person="id",
            also={"is_active": False, "password": "!", "last_login": None},
        ),
    )

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    username = models.CharField(_("user name"), max_length=150, unique=True, validators=[UnicodeUsernameValidator()])
    full_name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    history = TrackedHistory(excluded_fields=("password", "last_login"))
    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.full_name or self.username

    def get_full_name(self) -> str:
        return self.full_name

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles this person has today, read once per request."""
        if not self.is_active:
            return frozenset()
        return frozenset(self.role_grants.values_list("role", flat=True))

    def can(self, action: Action) -> bool:
        """Whether any of the roles permits the action. Whoever looks at the past may read, and no more."""
        if action not in READING and standpoint() is not None:
            return False
        return any(action in PERMITTED.get(role, ()) for role in self.roles)

    def actor(self, source: Source, request_id: str = "") -> Actor:
        return Actor(str(self.pk), str(self), source, request_id)


class RoleGrant(models.Model):
    """A person has a role. Granting and revoking leave history like any other change."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="role_grants", verbose_name=_("person"))
    role = models.CharField(_("role"), max_length=40, choices=Role.choices)

    history = TrackedHistory()

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="one_grant_per_person_and_role")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"


class ApiToken(models.Model):
    """A key for a machine, with the rights of its owner and no more. Only its hash is kept."""

    personal_fields = (PersonalData(about=("name",), person="user"),)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", verbose_name=_("person"))
    name = models.CharField(_("name"), max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    history = TrackedHistory(excluded_fields=("digest",))

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def digest_of(key: str) -> str:
        """SHA-256 is enough: the key is 256 random bits, not a password."""
        return hashlib.sha256(key.encode()).hexdigest()

    @classmethod
    def issue(cls, user: User, name: str, expires_at: Any) -> tuple[ApiToken, str]:
        """Create a token; its key is returned once and never stored."""
        key = f"muster_{secrets.token_urlsafe(32)}"
        return cls.objects.create(user=user, name=name, digest=cls.digest_of(key), expires_at=expires_at), key


class Reading(models.Model):
    """A page that an auditor was shown. Kept like the rest of the log: added, never changed."""

    add_only = True
    LONGEST = 2000

    user = models.ForeignKey(User, models.PROTECT, related_name="readings", verbose_name=_("person"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    path = models.TextField(_("page"))
    request = models.TextField(_("request"), blank=True)

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        indexes = [models.Index(fields=["user", "-id"])]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.path}"
