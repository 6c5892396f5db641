"""The contract of every key management backend, and of those that are services on a network."""

from __future__ import annotations

from abc import ABC, abstractmethod

import pytest

from tenancy.errors import KeyringError, TamperedError
from tenancy.ports import KeyManagement

CONTEXT = b"vivavoce|contract"
KEY = b"k" * 32


class KeyManagementContract(ABC):
    """What holds of every one of them; a subclass says how to get one, and how its key is rotated."""

    @abstractmethod
    def make(self) -> KeyManagement:
        """One over the same keys, made anew."""

    @abstractmethod
    def rotate(self) -> None:
        """The key that wraps becomes a former one."""

    @abstractmethod
    def elsewhere(self) -> KeyManagement:
        """One of the same kind with a key of its own."""

    @pytest.fixture
    def management(self) -> KeyManagement:
        return self.make()

    def test_a_wrapped_key_can_be_unwrapped_in_its_context_only(self, management: KeyManagement) -> None:
        wrapped = management.wrap(KEY, context=CONTEXT)
        assert management.unwrap(wrapped, context=CONTEXT) == KEY
        for other in (CONTEXT + b"!", CONTEXT[:-1], CONTEXT.upper()):
            with pytest.raises(TamperedError):
                management.unwrap(wrapped, context=other)
            with pytest.raises(TamperedError):
                management.rewrap(wrapped, context=other)

    def test_an_altered_wrapping_is_refused(self, management: KeyManagement) -> None:
        wrapped = management.wrap(KEY, context=CONTEXT)
        for position in range(len(wrapped)):
            forged = bytearray(wrapped)
            forged[position] ^= 1
            with pytest.raises(KeyringError):
                management.unwrap(bytes(forged), context=CONTEXT)
        forged[-1] ^= 2
        with pytest.raises(KeyringError):
            management.rewrap(bytes(forged), context=CONTEXT)

    def test_what_is_no_wrapping_is_refused(self, management: KeyManagement) -> None:
        for foreign in (b"", b"nonsense", bytes(100)):
            with pytest.raises(TamperedError):
                management.unwrap(foreign, context=CONTEXT)

    def test_another_key_unwraps_nothing(self, management: KeyManagement) -> None:
        wrapped = management.wrap(KEY, context=CONTEXT)
        other = self.elsewhere()
        assert not other.holds(management.key_id)
        with pytest.raises(KeyringError):
            other.unwrap(wrapped, context=CONTEXT)

    def test_the_wrapping_does_not_contain_the_key_and_never_repeats(self, management: KeyManagement) -> None:
        first, second = (management.wrap(KEY, context=CONTEXT) for _ in range(2))
        assert KEY[:8] not in first
        assert first != second

    def test_the_key_that_wraps_has_a_lasting_name_that_the_wrapping_bears(self, management: KeyManagement) -> None:
        assert management.key_id == self.make().key_id != ""
        assert management.key_id_of(management.wrap(KEY, context=CONTEXT)) == management.key_id
        assert management.holds(management.key_id)
        assert len(management.key_id) < 300

    def test_after_a_rotation_old_wrappings_open_and_can_be_wrapped_anew(self, management: KeyManagement) -> None:
        wrapped, former = management.wrap(KEY, context=CONTEXT), management.key_id
        self.rotate()
        present = self.make()
        assert (present.key_id != former, present.holds(former)) == (True, True)
        assert present.unwrap(wrapped, context=CONTEXT) == KEY
        anew = present.rewrap(wrapped, context=CONTEXT)
        assert (present.key_id_of(wrapped), present.key_id_of(anew)) == (former, present.key_id)
        assert present.unwrap(anew, context=CONTEXT) == KEY
        with pytest.raises(TamperedError):
            present.unwrap(anew, context=CONTEXT + b"!")

    def test_up_to_4096_bytes_can_be_wrapped(self, management: KeyManagement) -> None:
        assert management.unwrap(management.wrap(bytes(4096), context=CONTEXT), context=CONTEXT) == bytes(4096)

    def test_it_says_that_it_is_well(self, management: KeyManagement) -> None:
        management.health()

    def test_nothing_about_it_shows_a_key(self, management: KeyManagement) -> None:
        assert "kkkk" not in repr(management)


class ServiceContract(KeyManagementContract):
    """What holds besides of those that are asked over a network: without an answer there is no key."""

    @abstractmethod
    def stop(self) -> None:
        """Nobody answers any more."""

    def test_without_an_answer_nothing_is_wrapped_or_opened(self, management: KeyManagement) -> None:
        wrapped = management.wrap(KEY, context=CONTEXT)
        self.stop()
        silent = self.make()
        for attempt in (
            lambda: silent.wrap(KEY, context=CONTEXT),
            lambda: silent.unwrap(wrapped, context=CONTEXT),
            lambda: silent.rewrap(wrapped, context=CONTEXT),
            silent.health,
        ):
            with pytest.raises(KeyringError) as refusal:
                attempt()
            assert not isinstance(refusal.value, TamperedError)
            assert "kkkk" not in str(refusal.value)
