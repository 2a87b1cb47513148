from django.urls import path

from portal.jobs import views

urlpatterns = [
    path("", views.job_list, name="job_list"),
    path("<uuid:pk>/", views.job_detail, name="job"),
    path("<uuid:pk>/cancel/", views.job_cancel, name="job-cancel"),
    path("<uuid:pk>/retry/", views.job_retry, name="job-retry"),
    path("<uuid:pk>/file/", views.job_file, name="job-file"),
]
