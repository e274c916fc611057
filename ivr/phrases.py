"""The server's own words, in English and Spanish; a practice's own texts are in its plan.

Short sentences, the action before the key, no idioms: callers are worried, old, ill, or on a bad line.
`{...}` are places that `ivr.prompts.fill` fills.
"""

from collections.abc import Mapping
from typing import Final

BUILT_IN: Final = frozenset({"en", "es"})
"""Primary language subtags that these phrases exist in; a practice's languages are checked against it."""

_PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "press": {"en": "{label}, press {key}.", "es": "{label}, oprima el {key}."},
    "wrong_key": {
        "en": "Sorry, that is not one of the choices.",
        "es": "Lo sentimos, esa no es una de las opciones.",
    },
    "nothing_heard": {"en": "Sorry, we did not get that.", "es": "Lo sentimos, no le entendimos."},
    "confirm_number": {
        "en": "We will call you back at {number} if the line drops. If that number is right, press 1. "
        "For another number, press 2.",
        "es": "Si se corta la llamada, le llamaremos al {number}. Si ese número es correcto, oprima el 1. "
        "Para dar otro número, oprima el 2.",
    },
    "ask_number": {
        "en": "Please enter the phone number where we can call you back, with area code. Then press pound.",
        "es": "Por favor, marque el número donde podemos llamarle, con código de área. Después oprima numeral.",
    },
    "bad_number": {
        "en": "That does not seem to be a complete phone number.",
        "es": "Ese no parece ser un número de teléfono completo.",
    },
    "bad_date": {
        "en": "That does not seem to be a date of birth. As an example: for May 4, 2019, enter 0 5, 0 4, 2 0 1 9.",
        "es": "Esa no parece ser una fecha de nacimiento. Por ejemplo: para el 4 de mayo de 2019, "
        "marque 0 5, 0 4, 2 0 1 9.",
    },
    "ask_reason": {
        "en": "We are calling the clinician now. After the tone, say in a few words what is wrong. "
        "Press any key when you are done.",
        "es": "Estamos llamando al médico de guardia. Después del tono, diga en pocas palabras qué sucede. "
        "Oprima cualquier tecla al terminar.",
    },
    "ask_patient_name": {
        "en": "After the tone, please say the patient's first and last name. Then press pound.",
        "es": "Después del tono, diga el nombre y apellido del paciente. Después oprima numeral.",
    },
    "ask_date_of_birth": {
        "en": "Please enter the patient's date of birth: two digits for the month, two for the day, "
        "and four for the year.",
        "es": "Marque la fecha de nacimiento del paciente: dos dígitos para el mes, dos para el día "
        "y cuatro para el año.",
    },
    "ask_preferred_time": {
        "en": "When would you like to come? For a morning, press 1. For an afternoon, press 2. For any time, press 3.",
        "es": "¿Cuándo prefiere venir? Por la mañana, oprima el 1. Por la tarde, oprima el 2. "
        "A cualquier hora, oprima el 3.",
    },
    "ask_message": {
        "en": "Please leave your message after the tone. Press pound when you are done.",
        "es": "Deje su mensaje después del tono. Oprima la tecla numeral al terminar.",
    },
    "ask_spoken_number": {
        "en": "After the tone, please say your name and the phone number where we can call you back. "
        "Press pound when you are done.",
        "es": "Después del tono, diga su nombre y el número donde podemos llamarle. "
        "Oprima la tecla numeral al terminar.",
    },
    "nothing_recorded": {"en": "We could not hear you.", "es": "No pudimos oírle."},
    "message_taken": {
        "en": "Thank you. We have your message.",
        "es": "Gracias. Tenemos su mensaje.",
    },
    "callback_queued": {
        "en": "Thank you. You are on our list, and we will call you back.",
        "es": "Gracias. Está en nuestra lista y le devolveremos la llamada.",
    },
    "goodbye": {"en": "Goodbye.", "es": "Adiós."},
    "connecting": {"en": "Please hold while we connect you.", "es": "Espere mientras le comunicamos."},
    "hold_first": {
        "en": "We are calling the clinician on call. Please stay on the line. "
        "To hang up and be called back instead, press star.",
        "es": "Estamos llamando al médico de guardia. Por favor, no cuelgue. "
        "Si prefiere que le devolvamos la llamada, oprima asterisco.",
    },
    "hold_again": {
        "en": "We are still trying to reach the clinician. To be called back instead, press star.",
        "es": "Seguimos tratando de comunicarnos con el médico. Si prefiere que le llamemos, oprima asterisco.",
    },
    "hold_first_no_star": {
        "en": "We are calling the clinician on call. Please stay on the line.",
        "es": "Estamos llamando al médico de guardia. Por favor, no cuelgue.",
    },
    "hold_again_no_star": {
        "en": "We are still trying to reach the clinician. Please stay on the line.",
        "es": "Seguimos tratando de comunicarnos con el médico. Por favor, no cuelgue.",
    },
    "no_number_known": {
        "en": "We do not know a number to call you back. Please stay on the line.",
        "es": "No tenemos un número para devolverle la llamada. Por favor, no cuelgue.",
    },
    "hold_ringing": {
        "en": "A clinician's phone is ringing now. Please stay on the line.",
        "es": "El teléfono de un médico está sonando. Por favor, no cuelgue.",
    },
    "hold_ringing_next": {
        "en": "We are calling the next clinician now, and their phone is ringing. Please stay on the line.",
        "es": "Ahora estamos llamando a otro médico, y su teléfono está sonando. Por favor, no cuelgue.",
    },
    "hold_queued": {
        "en": "Our clinician is speaking with another caller. Please stay on the line. "
        "To hang up and be called back instead, press star.",
        "es": "Nuestro médico está hablando con otra persona. Por favor, no cuelgue. "
        "Si prefiere que le devolvamos la llamada, oprima asterisco.",
    },
    "hold_queued_no_star": {
        "en": "Our clinician is speaking with another caller. Please stay on the line.",
        "es": "Nuestro médico está hablando con otra persona. Por favor, no cuelgue.",
    },
    "hold_accepted": {
        "en": "A clinician has your call and will be with you in a moment. Please stay on the line.",
        "es": "Un médico tiene su llamada y le atenderá en un momento. Por favor, no cuelgue.",
    },
    "hold_taken": {
        "en": "A clinician has your call and is being called to the phone. Please stay on the line.",
        "es": "Un médico tiene su llamada y le estamos llamando al teléfono. Por favor, no cuelgue.",
    },
    "dialling_taker": {
        "en": "We are connecting you to the clinician now. Please stay on the line.",
        "es": "Le comunicamos ahora con el médico. Por favor, no cuelgue.",
    },
    "joining": {"en": "The clinician is here. You are connected.", "es": "El médico está en la línea. Hable."},
    "hold_over": {
        "en": "No clinician could come to the phone yet. We keep calling them, and one will call you back. "
        "If it gets worse, hang up and dial 9 1 1.",
        "es": "Ningún médico ha podido contestar todavía. Seguimos llamándoles y uno le devolverá la llamada. "
        "Si empeora, cuelgue y marque 9 1 1.",
    },
    "hold_over_no_number": {
        "en": "No clinician could come to the phone yet. We keep calling them. "
        "If it gets worse, hang up and dial 9 1 1.",
        "es": "Ningún médico ha podido contestar todavía. Seguimos llamándoles. Si empeora, cuelgue y marque 9 1 1.",
    },
    "hold_over_taken": {
        "en": "A clinician has your call, but could not come to the phone yet, and will call you back. "
        "If it gets worse, hang up and dial 9 1 1.",
        "es": "Un médico tiene su llamada, pero no ha podido contestar todavía, y le devolverá la llamada. "
        "Si empeora, cuelgue y marque 9 1 1.",
    },
    "hold_over_taken_no_number": {
        "en": "A clinician has your call, but could not come to the phone yet. "
        "If it gets worse, hang up and dial 9 1 1.",
        "es": "Un médico tiene su llamada, pero no ha podido contestar todavía. Si empeora, cuelgue y marque 9 1 1.",
    },
    "hold_waiting": {
        "en": "We do not wake our clinicians for this, and one will call you back. "
        "If it gets worse, hang up and dial 9 1 1.",
        "es": "Para esto no despertamos a nuestros médicos, y uno le devolverá la llamada. "
        "Si empeora, cuelgue y marque 9 1 1.",
    },
    "hold_waiting_no_number": {
        "en": "We do not wake our clinicians for this. If it gets worse, hang up and dial 9 1 1.",
        "es": "Para esto no despertamos a nuestros médicos. Si empeora, cuelgue y marque 9 1 1.",
    },
    "hold_over_person": {
        "en": "To speak with a person now, press 1, or stay on the line. To be called back, you may hang up.",
        "es": "Para hablar con una persona ahora, oprima el 1 o no cuelgue. "
        "Para que le devolvamos la llamada, puede colgar.",
    },
    "hold_over_person_no_star": {
        "en": "To speak with a person now, press 1, or stay on the line.",
        "es": "Para hablar con una persona ahora, oprima el 1 o no cuelgue.",
    },
    "hold_over_message": {
        "en": "To leave a message, stay on the line. To be called back, you may hang up.",
        "es": "Para dejar un mensaje, no cuelgue. Para que le devolvamos la llamada, puede colgar.",
    },
    "hold_over_message_no_star": {
        "en": "To leave a message, stay on the line.",
        "es": "Para dejar un mensaje, no cuelgue.",
    },
    "callback_chosen": {
        "en": "We will call you back. If it gets worse, hang up and dial 9 1 1.",
        "es": "Le devolveremos la llamada. Si empeora, cuelgue y marque 9 1 1.",
    },
    "to_last_resort": {
        "en": "We are connecting you to a person who can help. Please stay on the line.",
        "es": "Le comunicamos con una persona que puede ayudarle. Por favor, no cuelgue.",
    },
    "dialling_first": {
        "en": "We are calling the clinician on call. Please stay on the line.",
        "es": "Estamos llamando al médico de guardia. Por favor, no cuelgue.",
    },
    "dialling_next": {
        "en": "We are trying the next number. Please stay on the line.",
        "es": "Estamos intentando con otro número. Por favor, no cuelgue.",
    },
    "static_end": {
        "en": "This call ends now. If nobody could help you yet, please call again in a few minutes. "
        "If this is an emergency, hang up and dial 9 1 1.",
        "es": "Esta llamada termina ahora. Si nadie pudo ayudarle, llame de nuevo en unos minutos. "
        "Si es una emergencia, cuelgue y marque 9 1 1.",
    },
    "nobody_reached": {
        "en": "We could not reach anybody just now. If this is an emergency, hang up and dial 9 1 1. "
        "After the tone, say your name, your phone number and what is wrong.",
        "es": "No pudimos comunicarnos con nadie en este momento. Si es una emergencia, cuelgue y marque 9 1 1. "
        "Después del tono, diga su nombre, su teléfono y qué sucede.",
    },
    "called_back": {
        "en": "This is {practice}, calling you back. To speak with the clinician now, press any key.",
        "es": "Le llama {practice}. Para hablar ahora con el médico, oprima cualquier tecla.",
    },
    "clinician_left": {
        "en": "The clinician has left the line. To be connected again, press 1. Otherwise you may hang up.",
        "es": "El médico ha dejado la línea. Para comunicarse otra vez, oprima el 1. Si no, puede colgar.",
    },
    "queue_position": {"en": "You are number {position} in line.", "es": "Usted es el número {position} en la fila."},
    "queue_wait": {
        "en": "The wait is about {minutes} minutes.",
        "es": "La espera es de unos {minutes} minutos.",
    },
    "queue_wait_short": {"en": "The wait is less than a minute.", "es": "La espera es de menos de un minuto."},
    "queue_leave": {
        "en": "To stop holding and be called back, press star.",
        "es": "Para dejar de esperar y que le llamemos, oprima asterisco.",
    },
    "nobody_here": {
        "en": "We are sorry, this line is not working now. If this is an emergency, hang up and dial 9 1 1. "
        "Otherwise, please call again in a few minutes.",
        "es": "Lo sentimos, esta línea no funciona ahora. Si es una emergencia, cuelgue y marque 9 1 1. "
        "Si no, llame de nuevo en unos minutos.",
    },
    "trouble": {
        "en": "We are sorry, something is not working here. If this is an emergency, hang up and dial 9 1 1. "
        "Please stay on the line while we connect you to a person.",
        "es": "Lo sentimos, algo no funciona. Si es una emergencia, cuelgue y marque 9 1 1. "
        "No cuelgue mientras le comunicamos con una persona.",
    },
}


def has(language: str) -> bool:
    """True when the phrases exist in the language."""
    return _primary(language) in BUILT_IN


def _primary(language: str) -> str:
    return language.split("-", 1)[0].lower()


def phrase(key: str, language: str) -> str:
    """The phrase in the language's primary subtag; English where there is none (a plan's check rules that out)."""
    forms = _PHRASES[key]
    return forms.get(_primary(language), forms["en"])
