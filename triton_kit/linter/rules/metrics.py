"""Rules about metrics and their labels."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import nearest
from triton_kit.model.model import Model


@rule(Severity.ERROR)
def metric_tag_no_label(model: Model) -> Iterator[Problem]:
    """The key of a metric tag cannot be a label, and the server process aborts.

    The key becomes the Prometheus label `_<key>`: letters, digits and underscores, not beginning with one; anything
    else throws, uncaught, with metrics off as well (core metric_model_reporter.cc:GetMetricLabels; SIGABRT on 24.10).

    Server says:

        Invalid label name

    Bad:

        metric_tags { key: "team-name" value: "vision" }

    Good:

        metric_tags { key: "team_name" value: "vision" }
    """
    for key in model.config.metric_tags:
        if key.startswith("_") or not all(c == "_" or (c.isascii() and c.isalnum()) for c in key):
            yield Problem(
                at=("metric_tags", key),
                message=f"kills the server: the metric tag '{key}' is not a label of Prometheus",
                help="use letters, digits and underscores, and begin with no underscore",
            )


@rule(Severity.ERROR, since="24.11")
def incomplete_metric(model: Model) -> Iterator[Problem]:
    """A metric control lacks its family, its histogram options or its buckets.

    (core model_config_utils.cc:ValidateModelMetrics, since 24.11.)

    Server says:

        metric control must specify 'metric_identifier'
        metrics not supported
        metric identifier must specify non-empty 'family'
        metric control must specify 'histogram_options'
        histogram options must specify non-empty 'buckets'

    Bad:

        -- tk validate --release 24.11
        model_metrics { metric_control { metric_identifier { family: "f" } } }

    Good:

        -- tk validate --release 24.11
        model_metrics {
          metric_control {
            metric_identifier { family: "nv_inference_first_response_histogram_ms" }
            histogram_options { buckets: [ 1, 2, 4 ] }
          }
        }
    """
    for i, control in enumerate(model.config.model_metrics.metric_control):
        at = ("model_metrics", "metric_control", i)
        if not control.metric_identifier.family:
            yield Problem(at=(*at, "metric_identifier"), message=f"metric control {i} names no family", help="name one")
        if not control.has("histogram_options"):
            yield Problem(at=at, message=f"metric control {i} has no histogram_options", help="give its buckets")
        elif not control.histogram_options.buckets:
            yield Problem(
                at=(*at, "histogram_options"), message=f"metric control {i} has no buckets", help="list them, rising"
            )


@rule(Severity.ERROR, since="24.11")
def unsorted_buckets(model: Model) -> Iterator[Problem]:
    """The buckets of a histogram do not rise, and the server process aborts.

    The metrics library throws, uncaught, once histograms are on (core metric_model_reporter.cc; prometheus-cpp
    histogram.cc). Read in the sources, not seen on a server.

    Server says:

        Bucket Boundaries must be strictly sorted

    Bad:

        -- tk validate --release 24.11
        model_metrics {
          metric_control {
            metric_identifier { family: "nv_inference_first_response_histogram_ms" }
            histogram_options { buckets: [ 4, 2 ] }
          }
        }

    Good:

        -- tk validate --release 24.11
        model_metrics {
          metric_control {
            metric_identifier { family: "nv_inference_first_response_histogram_ms" }
            histogram_options { buckets: [ 2, 4 ] }
          }
        }
    """
    for i, control in enumerate(model.config.model_metrics.metric_control):
        buckets = list(control.histogram_options.buckets)
        for j in range(1, len(buckets)):
            if not buckets[j - 1] < buckets[j]:
                yield Problem(
                    at=("model_metrics", "metric_control", i, "histogram_options", "buckets", j),
                    message=f"kills the server: the bucket {buckets[j]:g} does not rise over {buckets[j - 1]:g}",
                    help="sort the buckets",
                )
                break


@rule(Severity.WARNING, since="24.11", about=("model_metrics",))
def unknown_metric_family(model: Model) -> Iterator[Problem]:
    """A metric control names a family that cannot be customised.

    It is only logged (core metric_model_reporter.cc). Read in the sources, not seen on a server.

    Server says:

        is not a customizable metric in Triton core

    Bad:

        -- tk validate --release 24.11
        model_metrics {
          metric_control { metric_identifier { family: "nv_latency" } histogram_options { buckets: [ 1, 2 ] } }
        }

    Good:

        -- tk validate --release 24.11
        model_metrics {
          metric_control {
            metric_identifier { family: "nv_inference_first_response_histogram_ms" }
            histogram_options { buckets: [ 1, 2 ] }
          }
        }
    """
    known = ("nv_inference_first_response_histogram_ms",)
    for i, control in enumerate(model.config.model_metrics.metric_control):
        family = control.metric_identifier.family
        if family and family not in known:
            yield Problem(
                at=("model_metrics", "metric_control", i, "metric_identifier", "family"),
                message=f"'{family}' is not a metric that can be customised",
                help=nearest(family, known),
            )
