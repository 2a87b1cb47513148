"""Addresses of the top floor: home and evidence."""

from django.urls import path

from reports import dashboard

urlpatterns = [path("", dashboard.home, name="home")]
