"""Pairs of passages that say almost the same and not the same, made up: 'take {35|3.5} mg' stands for two."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tests.support.passages import SCRIPTS

CONTRASTS: Mapping[str, Sequence[str]] = {
    "number": (
        "The pump delivers {35|45} litres of water a minute.",
        "Members must be at least {16|18} years old to join the rowing club.",
        "The bridge of Tarnow is {410|140} metres long and carries two lanes.",
        "Bus line {12|21} stops in front of the museum.",
        "Only {two|three} of the nine samples contained lead.",
        "The trial enrolled {1,204|1,240} patients in eleven hospitals.",
        "Chapter {7|8} explains how the valve is replaced.",
        "The archive holds {60|16} letters by the composer.",
    ),
    "decimal": (
        "Take {35|3.5} mg of the tablet each day after a meal.",
        "The growth rate was {1.5|15} percent in the second quarter.",
        "The lens has a focal ratio of {2.8|28} and weighs little.",
        "A pH of {7.35|7.53} was measured in arterial blood.",
        "The probe found a salinity of {0.5|0.05} grams per litre.",
        "Interest is charged at {4.25|42.5} percent a year.",
    ),
    "sign": (
        "The freezer must be kept at {-5|5} degrees at all times.",
        "The lens prescription is {+2.25|-2.25} dioptres for both eyes.",
        "Temperatures fell to {−12|12} °C in the valley overnight.",
        "The account shows a balance of {-40|40} euros.",
        "An offset of {-3|3} hours is added to the local time.",
        "The temperature coefficient is {−0.4|0.4} percent per kelvin.",
    ),
    "unit": (
        "The dose is 5 {mg|g} of the powder dissolved in water.",
        "The turbine has an output of 3 {mW|MW} under full load.",
        "The cable must be 20 {cm|mm} away from the heater.",
        "The connection carries 100 {Mb|MB} every second.",
        "Keep the sample for 10 {minutes|hours} in the dark.",
        "Inject 2 {ml|µl} of the solution into the chamber.",
        "The pressure reached 6 {kPa|MPa} in the vessel.",
        "The parcel weighs 4 {kg|lb} without its box.",
    ),
    "operator": (
        "The query keeps rows where x {>=|<=} 3 and y is set.",
        "Stop the loop when count {==|!=} limit is true.",
        "The alarm rings if pressure {>|<} 40 bar for a minute.",
        "The check passes when a {&&|\x02} b holds.",
        "The result is x {+|*} y for all inputs.",
        "Accept the sample if p {<|>} 0.05 in both tests.",
        "Set total = price {+|-} discount before tax.",
        "The guard fires when {!ready|ready} is evaluated.",
    ),
    "version": (
        "The library needs Python {3.1|3.10} or later to run.",
        "Release {2.4.1|2.4.11} mends the crash on start.",
        "The firmware {v1.2|v2.1} adds support for the new sensor.",
        "The plugin works with Postgres {9.6|16} and nothing else.",
        "HTTP/{1.1|2} is spoken between the proxy and the server.",
        "Use {IPv4|IPv6} addresses in the routing table.",
    ),
    "date": (
        "The treaty was signed on {5 March 1920|6 March 1920} in Lisbon.",
        "Applications close on {May|June} 30 for all students.",
        "The comet was first seen in {1986|1968} by two amateurs.",
        "The office is shut on {Monday|Tuesday} mornings.",
        "The lease began on {2019-04-01|2019-01-04} and runs five years.",
        "The museum was founded in the {18th|19th} century.",
        "Doors open at {7:30|17:30} on the night of the concert.",
        "The meeting starts at nine {a.m.|p.m.} in room four.",
    ),
    "money": (
        "The subscription costs {$12|$120} for a whole year.",
        "The fine is {40 euros|40 dollars} for parking on the lawn.",
        "The firm reported a {profit|loss} of ₹500 in its first year.",
        "The grant pays {£3,000|£30,000} to each school.",
        "A deposit of {€50|€15} is due on arrival.",
        "The fund holds 3 {million|billion} dollars in bonds.",
    ),
    "negation": (
        "The drug {did|did not} reduce the risk of stroke in older adults.",
        "The warranty {covers|does not cover} damage caused by water.",
        "Dogs are {|not }allowed on the beach in summer.",
        "The vaccine is {|in}effective against the new strain of the virus.",
        "Patients {with|without} fever were sent home the same day.",
        "The tenant {may|may not} sublet the flat to a third person.",
        "{All|None} of the samples showed traces of arsenic.",
        "The parser {can|cannot} read files with an empty header.",
        "She {never|always} signed the minutes of the committee.",
        "The compound is {|non-}toxic to fish and bees.",
        "{Do|Don't} turn off the pump while the tank is filling.",
        "The mayor {has|hasn't} approved the new budget for roads.",
    ),
    "comparative": (
        "Copper conducts heat {better|worse} than the alloy.",
        "The new engine uses {more|less} fuel than the old one.",
        "Women reported {higher|lower} scores than men in the survey.",
        "Prices have {risen|fallen} since the tunnel was opened.",
        "The second lake is {deeper|shallower} than the first.",
        "The {minimum|maximum} load of the crane is nine tonnes.",
        "Sales {increased|decreased} during the rainy season.",
        "Keep the valve {above|below} the water line.",
    ),
    "name": (
        "The novel was written by {Marlena Voss|Edith Karr} during the war.",
        "{Norvik|Selby} is the capital of the island republic.",
        "The patient takes {prednisone|prednisolone} every morning.",
        "The salt contains {nitrate|nitrite} and a little iron.",
        "The pipeline runs through {Iran|Iraq} to the gulf.",
        "The bird breeds in {Austria|Australia} in spring.",
        "The company was bought by {Tellano|Brixo} last autumn.",
        "The virus was isolated at the {Harlow|Benning} institute.",
        "Treatment with {clonidine|clozapine} was started at once.",
        "The mutation lies in the gene {BRCA1|BRCA2} of the patient.",
    ),
    "roles": (
        "{Acme shall indemnify Beta|Beta shall indemnify Acme} against all losses.",
        "{The cat chased the dog|The dog chased the cat} around the yard.",
        "{Sodium is heavier than lithium|Lithium is heavier than sodium} at the same volume.",
        "The flight goes from {Oslo to Rome|Rome to Oslo} every Friday.",
        "{The landlord must notify the tenant|The tenant must notify the landlord} one month ahead.",
        "{Karla taught Ines|Ines taught Karla} the art of weaving.",
        "Convert {metres to feet|feet to metres} with the table below.",
        "The bank lent {money to the mill|the mill to money} that year.",
    ),
    "template": (
        "What are the symptoms of {measles|cystinosis}? The symptoms of {measles|cystinosis} are listed here.",
        "How do I renew my {passport|licence}? Visit the counter and renew your {passport|licence}.",
        "The genetic test for {albinism|porphyria} is offered in twelve laboratories.",
        "{Gaucher|Fabry} disease is inherited, and the section below gives resources about it.",
        "How many people are affected by {rickets|scurvy}? The number of people is not known.",
        "This page tells what {asthma|gout} is, who gets it and where to find help.",
        "You can reset the {router|printer} from the settings menu of the app.",
        "The recipe for {plum|apple} cake takes one hour and serves six people.",
    ),
    "code": (
        "Call {getUser|setUser} before the session is opened.",
        "The function returns {true|false} when the list is empty.",
        "The program is written in {C++|C#} and runs on small boards.",
        "Read the element items[{0|1}] of the array first.",
        "Use {min|max} to find the limit of the series.",
        "The thread calls {lock|unlock} on the mutex at the end.",
        "Pass {--force|--dry-run} to the command to continue.",
        "The index is sorted in {ascending|descending} order by default.",
        "The method {push|pop} changes the stack in place.",
        "Return {x|-x} if the argument is real.",
    ),
    "legal": (
        "The supplier {shall|may} deliver the goods within ten days.",
        "The licence is {exclusive|non-exclusive} and lasts three years.",
        "The buyer {may|must} terminate the contract in writing.",
        "Notice is valid {if|unless} it is sent by registered mail.",
        "The guarantee ends {before|after} the final payment is made.",
        "The parties are liable {jointly|severally} for the debt.",
        "The court {granted|denied} the motion to dismiss the claim.",
        "Payment is due {with|without} further notice to the debtor.",
        "The clause applies to {residents|non-residents} of the state.",
        "The {lessor|lessee} pays for repairs of the roof.",
    ),
    "letter": (
        "Choose plan {A|B} for the whole family.",
        "Vitamin {C|D} is added to the milk powder.",
        "The patient has hepatitis {B|C} and needs rest.",
        "The train leaves from track {a|b} tonight.",
        "Blood of group {A|O} is needed at the clinic.",
        "Diabetes of type {I|II} was found in the child.",
        "The donor is {Rh+|Rh-} and healthy.",
        "Students with grade {A+|A-} get a prize.",
    ),
    "direction": (
        "The door opens to the {left|right} of the stairs.",
        "Turn the screw {clockwise|anticlockwise} to close it.",
        "The wind blows from the {north|south} in July.",
        "Lay the cable {under|over} the floor of the hall.",
        "The {upper|lower} limb is bandaged first.",
        "Take the pill {before|after} breakfast with water.",
        "The file is copied {to|from} the server at night.",
        "Switch the heater {on|off} when the lamp is green.",
    ),
    "qualifier": (
        "{|Autoimmune }Hepatitis is a disease of the liver with many causes.",
        "The {|electric }tram line was opened by the mayor.",
        "Patients with {chronic|acute} bronchitis should not smoke.",
        "The {primary|secondary} school was closed for a week.",
        "The committee approved the {first|last} draft of the report.",
        "The {benign|malignant} tumour was removed by the surgeon.",
        "The {male|female} bird builds the nest.",
        "{Childhood|Adult} leukaemia is treated with several drugs.",
    ),
    "chemistry": (
        "The bottle contains {ethanol|methanol} and some water.",
        "Iron({II|III}) oxide is used as a pigment.",
        "The flask was filled with {H2O2|H2O} and sealed.",
        "{Hyperthyroidism|Hypothyroidism} was found in nine of the patients.",
        "The ion carries a charge of {2+|2-} in solution.",
        "Add sodium {chloride|chlorate} slowly to the mixture.",
        "The isotope {carbon-12|carbon-14} was measured in the bone.",
        "{Intravenous|Intramuscular} injection is advised for adults.",
    ),
    "share": (
        "About {5%|50%} of the seeds grow in dry soil.",
        "The tax takes 8 {percent|dollars} of each sale.",
        "{Half|Most} of the voters stayed at home.",
        "{Some|All} of the wells are dry in August.",
        "The mixture is {1:10|1:100} acid to water.",
        "{1/3|2/3} of the land is forest.",
        "The battery lasts {twice|half} as long as before.",
    ),
    "Hindi": (
        "{काल|कील} बहुत पुराना शब्द है और उसका अर्थ सब जानते हैं।",
        "राजा ने {दिन|दान} के बारे में मंत्री से पूछा।",
        "यह दवा बच्चों को {दी|नहीं दी} जानी चाहिए।",
        "मेले में {फल|फूल} की दुकान सबसे बड़ी थी।",
        "उसकी {माला|मेला} सबको पसंद आई और लोग देखते रहे।",
        "गोली दिन में {2|3} बार खाने के बाद लें।",
        "{सीता ने राम|राम ने सीता} को पत्र भेजा।",
        "गाँव के पास {कुआँ|कौआ} देखा गया था।",
        "दर {1.5|15} प्रतिशत तय की गई है।",
    ),
    "Russian": (
        "Препарат {снижает|не снижает} риск инсульта у пожилых людей.",
        "Собакам вход на пляж {разрешён|запрещён} летом.",
        "Температура упала до {-5|5} градусов ночью.",
        "Поезд идёт из {Твери в Псков|Пскова в Тверь} по пятницам.",
        "Музей основан в {1856|1865} году купцом.",
        "Больные {с|без} лихорадки отправлены домой.",
    ),
    "Chinese": (
        "这种药{可以|不可以}给孩子服用，请先问医生。",
        "水温必须保持在{5|15}度以上。",
        "{甲方应通知乙方|乙方应通知甲方}合同到期的日期。",
        "火车从{北京|南京}出发，晚上到达。",
        "病人每天服用{两|三}次药片。",
    ),
}
SCRIPT_OF = {"Hindi": "Devanagari", "Russian": "Cyrillic"}
CERTAIN = ("number", "decimal", "sign", "operator", "negation")
"""Kinds of which none may be taken for copies."""

_SLOT = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")


def pair(written: str) -> tuple[str, str]:
    """The two texts."""
    return _side(written, 1), _side(written, 2)


def _side(written: str, side: int) -> str:
    return _SLOT.sub(lambda slot: slot[side], written).replace("\x02", "||")


def pairs(contrasts: Mapping[str, Sequence[str]] = CONTRASTS) -> Iterator[tuple[str, str, str, str]]:
    """Kind, length and two texts: the sentence alone, and among those of a passage in two lengths."""
    for kind, written in contrasts.items():
        around = SCRIPTS[SCRIPT_OF.get(kind, "Latin")] if kind != "Chinese" else ()
        for number, each in enumerate(written):
            a, b = pair(each)
            yield kind, "short", a, b
            for length, count in (("medium", 3), ("long", 9)):
                others = list(around[:count])
                place = number % (len(others) + 1)
                yield (
                    kind,
                    length,
                    " ".join([*others[:place], a, *others[place:]]),
                    " ".join([*others[:place], b, *others[place:]]),
                )
