"""Passages in three scripts and three lengths, made up for tests of copies."""

from __future__ import annotations

_ENGLISH = (
    "The harbour authority of Velmora opened a new ferry terminal near the old lighthouse.",
    "Boats leave every 40 minutes from pier 7, and a single ticket costs 3.50 dollars.",
    "Engineers reinforced the sea wall with granite blocks, which were shipped from a quarry in the north.",
    "The waiting hall doesn't have heating, so passengers should bring a warm coat during winter.",
    "Bicycles travel free of charge on weekdays, but large luggage needs a separate label.",
    "Local fishermen complained at first that the dredging disturbed the spawning grounds of herring.",
    "A study by the marine institute found no lasting damage, and the stock recovered within 18 months.",
    "The café on the upper floor sells smoked fish, rye bread and strong coffee until midnight.",
    "Tourists often photograph the painted ceiling, a gift from the shipbuilders' guild.",
    "Officials expect that the number of travellers will reach 120,000 a year.",
)
_RUSSIAN = (
    "Городской совет Вельмора открыл новый паромный причал рядом со старым маяком.",
    "Лодки отходят каждые 40 минут от пирса 7, а билет стоит 3.50 доллара.",
    "Инженеры укрепили морскую стену гранитными блоками, которые привезли из северного карьера.",
    "Зал ожидания не отапливается, поэтому пассажирам зимой нужна тёплая одежда.",
    "Велосипеды перевозят бесплатно по будням, но для крупного багажа требуется отдельная бирка.",
    "Местные рыбаки сначала жаловались, что углубление дна повредило нерестилища сельди.",
    "Исследование морского института не выявило длительного ущерба, и запасы восстановились за 18 месяцев.",
    "Кафе на верхнем этаже продаёт копчёную рыбу, ржаной хлеб и крепкий кофе до полуночи.",
    "Туристы часто фотографируют расписной потолок, подарок гильдии судостроителей.",
    "Чиновники ожидают, что число путешественников достигнет 120,000 в год.",
)
_HINDI = (
    "वेलमोरा के बंदरगाह प्राधिकरण ने पुराने प्रकाशस्तंभ के पास नया नौका घाट खोला।",
    "नावें हर 40 मिनट पर घाट 7 से निकलती हैं, और एक टिकट की कीमत 3.50 डॉलर है।",
    "अभियंताओं ने समुद्री दीवार को ग्रेनाइट के पत्थरों से मजबूत किया, जो उत्तर की खदान से लाए गए थे।",
    "प्रतीक्षा कक्ष में हीटर नहीं है, इसलिए यात्रियों को सर्दियों में गर्म कोट लाना चाहिए।",
    "साइकिलें कार्यदिवसों पर मुफ्त यात्रा करती हैं, लेकिन बड़े सामान के लिए अलग पर्ची चाहिए।",
    "स्थानीय मछुआरों ने पहले शिकायत की कि खुदाई से हेरिंग के प्रजनन स्थल खराब हुए।",
    "समुद्री संस्थान के अध्ययन में कोई स्थायी नुकसान नहीं मिला, और भंडार 18 महीनों में लौट आया।",
    "ऊपरी मंजिल का कैफे आधी रात तक भुनी मछली, राई की रोटी और तेज कॉफी बेचता है।",
    "पर्यटक अक्सर रंगी हुई छत की तस्वीर लेते हैं, जो जहाज निर्माताओं का उपहार है।",
    "अधिकारियों को उम्मीद है कि यात्रियों की संख्या साल में 120,000 तक पहुँचेगी।",
)
LENGTHS = {"short": 2, "medium": 4, "long": 10}
"""Sentences."""
SCRIPTS = {"Latin": _ENGLISH, "Cyrillic": _RUSSIAN, "Devanagari": _HINDI}
STRANGE = {
    "Latin": (
        "Our bakery in the valley mixes dough before dawn and fires two brick ovens.",
        "Customers may order wedding cakes three weeks ahead through a paper form at the counter.",
        "Flour comes from a mill that still runs on river water and employs nine people.",
    ),
    "Cyrillic": (
        "Наша пекарня в долине замешивает тесто до рассвета и топит две кирпичные печи.",
        "Покупатели заказывают свадебные торты за три недели через бумажный бланк у прилавка.",
        "Мука приходит с мельницы, которая работает на речной воде и кормит девять человек.",
    ),
    "Devanagari": (
        "घाटी की हमारी बेकरी भोर से पहले आटा गूँधती है और दो ईंट के तंदूर जलाती है।",
        "ग्राहक तीन हफ्ते पहले काउंटर पर कागज के फॉर्म से शादी का केक मँगा सकते हैं।",
        "आटा उस चक्की से आता है जो अब भी नदी के पानी से चलती है और नौ लोगों को काम देती है।",
    ),
}
"""Of something else: what a passage stands among."""


def sentences(script: str, length: str) -> list[str]:
    return list(SCRIPTS[script][: LENGTHS[length]])


def passage(script: str, length: str) -> str:
    return " ".join(sentences(script, length))
