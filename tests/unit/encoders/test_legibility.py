"""Corpora that a model cannot read are told from those that it can, by its tokenizer alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from miner.encoders.legibility import FEWEST, Legibility, Span, legibility
from miner.encoders.tokens import FastTokenizer
from miner.models.locate import bundled_folder


class Spelling:
    """Knows the words it is given, letters one by one if it may, bytes of letters if it must."""

    def __init__(self, words: str, letters: str = "", pieces: bool = False) -> None:
        self.words, self.letters, self.pieces = set(words.split()), set(letters), pieces

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        return [[span for word in re.finditer(r"\S+", text) for span in self.word(word)] for text in texts]

    def word(self, word: re.Match[str]) -> list[Span]:
        start, end = word.span()
        if word[0] in self.words:
            return [(start, end, True)]
        if self.pieces:
            return [(place, place + 1, True) for place in range(start, end) for _ in range(2)]
        if set(word[0]) <= self.letters:
            return [(place, place + 1, True) for place in range(start, end)]
        return [(start, end, False)]


KNOWN = "refunds take five days and are paid to the card"
STRANGE = "возврат средств занимает пять рабочих дней"


@pytest.mark.parametrize(
    ("model", "text", "unread"),
    [
        (Spelling(KNOWN), KNOWN, 0.0),
        (Spelling(KNOWN), STRANGE, 1.0),
        (Spelling(KNOWN, letters=STRANGE), STRANGE, 1.0),
        (Spelling(KNOWN, pieces=True), STRANGE, 1.0),
        (Spelling(KNOWN, letters="a I x"), "a x I a x I a x I a x I a x I a x I a x I", 0.0),
        (
            Spelling("", letters="退款需要五个工作日"),
            "退款 需要 五个 工作日 退款 需要 五个 工作日 退款 需要",
            0.0,
        ),
        (
            Spelling("", letters="환불은오일이걸립니다"),
            "환불은 오일이 걸립니다 환불은 오일이 걸립니다 환불은",
            0.0,
        ),
        (Spelling("", pieces=True), "退款 需要 五个 工作日 退款 需要 五个 工作日 退款 需要", 1.0),
        (Spelling("12 7 -"), "12 7 - 12 7 - !? 😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀", 0.0),
    ],
)
def test_a_letter_is_read_as_part_of_a_longer_token_or_as_a_word(
    model: Spelling, text: str, unread: float
) -> None:
    found = legibility(model, [text])
    assert (found.unread, found.poor) == (unread, unread == 1.0)


@pytest.mark.parametrize(("share", "poor"), [(0.05, False), (0.2, True)])
def test_a_tenth_of_unknown_letters_is_too_much(share: float, poor: bool) -> None:
    strange = round(share * 200)
    texts = ["read" for _ in range((200 - strange) // 4)] + ["жжжж" for _ in range(strange // 4)]
    assert legibility(Spelling("read"), texts).poor is poor


def test_the_scripts_that_are_not_read_are_named() -> None:
    found = legibility(Spelling(KNOWN), [KNOWN, STRANGE, "退款需要五个工作日退款需要五个工作日"])
    assert "59% of their letters (Cyrillic, Chinese characters)" in str(found)


def test_little_text_and_encoders_that_do_not_tell_say_nothing() -> None:
    assert not legibility(Spelling(""), ["ж" * (FEWEST - 1)]).poor
    assert legibility(object(), [STRANGE]) == Legibility()
    assert legibility(Spelling(""), []) == Legibility()


READ = [
    "Refunds are paid to the card that was used, within five working days of the return.",
    "Rückerstattungen werden innerhalb von fünf Werktagen auf die verwendete Karte gebucht.",
    "Les remboursements sont versés sur la carte utilisée dans un délai de cinq jours ouvrés.",
    "Zwroty są wypłacane na kartę użytą do płatności w ciągu pięciu dni roboczych od zwrotu.",
    "def refund(order_id: int) -> None: payments.charge(card=order.card, amount=-order.total_paid)",
    "Error 0x80070005 at 2024-05-01T10:00:00Z: sha256 d41d8cd98f00b204e9800998ecf8427e (EACCES) /usr/lib/x.so",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\nnpm install --save-dev eslint@9 && npx eslint .\n```",
]
UNREAD = [
    "Возврат средств производится на карту в течение пяти рабочих дней после возврата товара.",
    "Οι επιστροφές χρημάτων πιστώνονται στην κάρτα εντός πέντε εργάσιμων ημερών.",
    "退款将在退货后五个工作日内退回到您付款时使用的银行卡。",
    "返金は、返品から五営業日以内に、お支払いに使用されたカードに行われます。",
    "환불은 반품 후 영업일 기준 5일 이내에 결제에 사용한 카드로 지급됩니다.",
    "रिफंड वापसी के पाँच कार्य दिवसों के भीतर इस्तेमाल किए गए कार्ड पर किया जाता है।",
    "การคืนเงินจะดำเนินการไปยังบัตรที่ใช้ภายในห้าวันทำการหลังจากการคืนสินค้า",
    "تُعاد المبالغ إلى البطاقة المستخدمة خلال خمسة أيام عمل من تاريخ الإرجاع.",
]


class Bundled:
    def __init__(self) -> None:
        self.tokenizer = FastTokenizer((bundled_folder() / "tokenizer.json").read_text("utf-8"), None, 0)

    def token_spans(self, texts: Sequence[str]) -> list[list[Span]]:
        return self.tokenizer.spans(texts)


@pytest.mark.model
@pytest.mark.parametrize("text", READ)
def test_the_bundled_model_reads_what_is_in_latin_letters(text: str) -> None:
    assert not legibility(Bundled(), [text] * 3).poor


@pytest.mark.model
@pytest.mark.parametrize("text", UNREAD)
def test_the_bundled_model_does_not_read_other_scripts(text: str) -> None:
    assert legibility(Bundled(), [text] * 3).poor
