import pytest
import torch
from django.core.checks import run_checks
from pytest_django import Settings

from watermark.checks import AUDIOSEAL, check_audioseal, check_keyed_mark
from watermark.registry import KEYED

PERTH = "watermark.backends.perth.Perth"


def test_as_shipped_nothing_is_amiss() -> None:
    assert [one for one in run_checks() if (one.id or "").startswith("watermark.")] == []


def test_it_is_said_what_is_lost_without_the_keyed_mark(settings: Settings) -> None:
    settings.WATERMARKERS, settings.OTHER_MARKERS = [PERTH], [KEYED]
    (found,) = [one for one in run_checks() if (one.id or "").startswith("watermark.")]
    assert (found.id, found.is_serious()) == ("watermark.W001", False)
    for lost in ("no examination will name", "no soft binding"):
        assert lost in found.msg
    settings.WATERMARKERS = [PERTH, KEYED]
    assert check_keyed_mark(None) == []


@pytest.mark.parametrize("name", ["WATERMARKERS", "OTHER_MARKERS"])
def test_a_device_that_is_not_there_is_an_error_where_audioseal_is_to_run_on_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    settings.AUDIOSEAL_DEVICE = "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert check_audioseal(None) == []
    setattr(settings, name, [KEYED, AUDIOSEAL])
    assert [error.id for error in check_audioseal(None)] == ["watermark.E001"]
    settings.AUDIOSEAL_DEVICE = "cpu"
    assert check_audioseal(None) == []


def test_a_device_that_is_there_is_no_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AUDIOSEAL_DEVICE, settings.WATERMARKERS = "cuda", [KEYED, AUDIOSEAL]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert check_audioseal(None) == []
