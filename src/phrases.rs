//! What the house says outside any conversation, in each language.

pub mod always;
pub mod requests;
pub mod staff;

use std::collections::BTreeMap;

use mendline_engine::label::Labels;
use mendline_engine::message::{Message, MessageKind};
use mendline_engine::text::{Part, Path, Template, Typed, Values, Wording};
use mendline_engine::types::{Type, Words};

use crate::links::Programme;
use crate::vault::digest_token;

/// A phrase: its key, its English, its Spanish.
pub type Phrase = (&'static str, &'static str, &'static str);

/// The confirmation of an opt-out; the last thing that is said on that channel.
pub const OPTED_OUT: Phrase = (
    "opted_out",
    "All right, I will not write to you here any more. Write START if you change your mind.",
    "De acuerdo, no le escribiré más por aquí. Escriba START si cambia de opinión.",
);

/// The channel is open again.
pub const OPTED_IN: Phrase = (
    "opted_in",
    "Welcome back. I can write to you here again.",
    "Gracias por volver. Ya puedo escribirle por aquí de nuevo.",
);

/// Below what asked something, where it still stands.
pub const OVER: Phrase = (
    "over",
    "— This is settled. Nothing is needed here any more.",
    "— Esto ya está resuelto. Aquí no hace falta nada más.",
);

/// The same where its reader went on in another place.
pub const ELSEWHERE: Phrase = (
    "elsewhere",
    "— Continued elsewhere. Nothing is needed here any more.",
    "— Continuó en otro lugar. Aquí ya no hace falta nada.",
);

/// Where she was asked something and nothing that stands there can be changed: she went on in another
/// place.
pub const CONTINUED: Phrase = (
    "continued",
    "Continued elsewhere: we go on where you wrote last. You can always write to me here again.",
    "Continuó en otro lugar: seguimos donde usted escribió por última vez. Siempre puede volver a \
     escribirme aquí.",
);

/// An address is proved to be hers.
pub const LINKED: Phrase = (
    "linked",
    "This is your helper for medicine and claims. From now on you can write to me here too. What \
     is private I show only in your secure chat, and send you a link. If this is not you, write \
     “not me”. Write STOP, and I will not write here any more.",
    "Soy su ayudante para medicinas y reclamos. Desde ahora también puede escribirme por aquí. Lo \
     privado solo lo muestro en su chat seguro, y le envío un enlace. Si usted no es esa persona, \
     escriba “no soy yo”. Escriba STOP y no le escribiré más por aquí.",
);

/// An address is proved to be a desk person's.
pub const STAFF_LINKED: Phrase = (
    "staff_linked",
    "You are linked. What waits for you at the desk is announced here, without names, claims or \
     medicines; you decide at the desk, behind your login. Write STOP to end it.",
    "Quedó conectado. Aquí se anuncia lo que le espera en el escritorio, sin nombres, reclamos ni \
     medicinas; usted decide en el escritorio, con su acceso. Escriba STOP para terminar.",
);

/// The same in a chat app in which the desk's commands are read.
pub const STAFF_LINKED_CHAT: Phrase = (
    "staff_linked_chat",
    "You are linked. What waits for you at the desk is announced here, without names, claims or \
     medicines; the whole of it is at the desk, behind your login. Write /help for what you can do \
     from here, or STOP to end it.",
    "Quedó conectado. Aquí se anuncia lo que le espera en el escritorio, sin nombres, reclamos ni \
     medicinas; completo está en el escritorio, con su acceso. Escriba /help para ver qué puede \
     hacer desde aquí, o STOP para terminar.",
);

/// Somebody at her address said not to be her; told elsewhere.
pub const UNLINKED: Phrase = (
    "unlinked",
    "Somebody who got messages meant for you on another app said that it is not you. I do not \
     write there any more. If it was you after all, link it again from this chat.",
    "Alguien que recibía en otra aplicación mensajes para usted dijo que no es usted. Ya no \
     escribo ahí. Si sí era usted, vuelva a conectarla desde este chat.",
);

/// What somebody reads of whom nothing is known but an address. It confirms nothing.
pub const WAY_IN: Phrase = (
    "way_in",
    "Hello, I am an automatic helper. I can say nothing about anyone here until I know who \
     writes. If you have a link from your claims office, open it first; from there you can \
     bring me here. In an emergency call 911.",
    "Hola, soy un ayudante automático. No puedo decir nada de nadie aquí hasta saber quién \
     escribe. Si tiene un enlace de su oficina de reclamos, ábralo primero; desde ahí puede \
     traerme aquí. En una emergencia llame al 911.",
);

/// What somebody reads who writes to us where others read along.
pub const IN_PUBLIC: Phrase = (
    "in_public",
    "For your privacy I answer in private chats only. Please write to me directly.",
    "Para su privacidad solo contesto en chats privados. Escríbame directamente, por favor.",
);

/// What we cannot look at.
pub const NOT_WORDS: Phrase = (
    "not_words",
    "I cannot look at pictures or listen to recordings here. Please write it in a few words, or \
     write “a person”.",
    "No puedo ver imágenes ni escuchar grabaciones aquí. Por favor escríbalo en pocas palabras, o \
     escriba “una persona”.",
);

/// Somebody may be in danger. Numbers: 911; 988 Suicide and Crisis Lifeline (press 2 for
/// Spanish); Poison Control 1-800-222-1222 (domain facts 4.6).
pub const DANGER: Phrase = (
    "danger",
    "You are not alone. If you are in danger now, call 911. You can call or text 988 at any hour \
     to talk with someone. If you took too much medicine and are awake, Poison Control is at \
     1-800-222-1222. I am fetching a person to write to you here. Are you safe right now?",
    "No está solo, no está sola. Si está en peligro ahora, llame al 911. Puede llamar al 988 a \
     cualquier hora y oprimir 2 para hablar en español. Si tomó demasiada medicina y está \
     despierto, el Centro de Toxicología está en el 1-800-222-1222. Estoy buscando a una persona \
     que le escriba aquí. ¿Está a salvo en este momento?",
);

/// The engine fell over what this person did; a desk has it.
pub const FAULT: Phrase = (
    "fault",
    "Something went wrong on our side. A person will look at it and write to you here. Nothing \
     was lost.",
    "Algo falló de nuestro lado. Una persona lo revisará y le escribirá aquí. No se perdió nada.",
);

/// What the bot does after a fault, for whoever takes it.
pub const GOES_ON: Phrase = (
    "goes_on",
    "It goes on where it stood. What fell was set aside.",
    "Sigue donde estaba. Lo que falló quedó aparte.",
);

/// A card or question is another person's now (rule 11).
pub const MOVED_ON: Phrase = (
    "moved_on",
    "A request that waited for you is with someone else now. You do not need to do anything.",
    "Una solicitud que le esperaba ahora la tiene otra persona. No necesita hacer nada.",
);

/// Words do not decide: the open cards are listed instead (rule 4). Without claim numbers, so
/// that the list may go where the words came from.
pub fn cards(count: usize) -> Message {
    if count == 0 {
        let (english, spanish) = ("Nothing waits for you.", "Nada le espera.");
        return worded("cards", "adjuster", MessageKind::Reply, english.into(), spanish.into());
    }
    let english = format!(
        "Words alone decide nothing. Requests that wait for you: {count}. Open the one you mean \
         at the desk, and choose there."
    );
    let spanish = format!(
        "Las palabras solas no deciden nada. Solicitudes que le esperan: {count}. Abra en el \
         escritorio la que corresponda y elija allí."
    );
    worded("cards", "adjuster", MessageKind::Reply, english, spanish)
}

/// Who writes on a phone, for a first message there: what it is, how often, what it costs, how to
/// ask and how to end it (CTIA; domain facts 4.3).
pub fn first(programme: &Programme, language: &str) -> String {
    let name = &programme.name;
    match language.split(['-', '_']).next() {
        Some("es") => format!(
            "{name}: avisos sobre sus solicitudes. La frecuencia varía. Pueden aplicarse tarifas \
             de mensajes y datos. Escriba AYUDA para ayuda, STOP para terminar."
        ),
        _ => format!(
            "{name}: notices about your requests. How often varies. Msg & data rates may apply. \
             Reply HELP for help, STOP to stop."
        ),
    }
}

/// Who writes on a phone and whom to call, to whoever asks there.
pub fn who_writes(programme: &Programme) -> Message {
    let Programme { name, phone } = programme;
    let (english, spanish) = match phone {
        Some(phone) => (
            format!(
                "{name}: notices about your requests. For help call {phone}. Msg & data rates \
                 may apply. Reply STOP to stop."
            ),
            format!(
                "{name}: avisos sobre sus solicitudes. Para ayuda llame al {phone}. Pueden \
                 aplicarse tarifas de mensajes y datos. Escriba STOP para terminar."
            ),
        ),
        None => (
            format!(
                "{name}: notices about your requests. For help call the number on your card. Msg \
                 & data rates may apply. Reply STOP to stop."
            ),
            format!(
                "{name}: avisos sobre sus solicitudes. Para ayuda llame al número de su tarjeta. \
                 Pueden aplicarse tarifas de mensajes y datos. Escriba STOP para terminar."
            ),
        ),
    };
    worded("who_writes", "worker", MessageKind::Duty, english, spanish)
}

/// A one-time code. Its last line lets a phone fill it in at this host and nowhere else
/// (<https://wicg.github.io/sms-one-time-codes/>).
pub fn code(programme: &Programme, code: &str, host: Option<&str>) -> Message {
    let name = &programme.name;
    let last = host.map(|host| format!("\n\n@{host} #{code}")).unwrap_or_default();
    let english = format!(
        "{name}: {code} is your code. It works for 5 minutes. Nobody of us will ever ask you for \
         it.{last}"
    );
    let spanish = format!(
        "{name}: {code} es su código. Sirve 5 minutos. Nadie de nosotros se lo pedirá \
         nunca.{last}"
    );
    worded("code", "worker", MessageKind::Code, english, spanish)
}

/// The link into her secure chat, where she is on file. Others may read it: nothing about health.
pub fn invitation(programme: &Programme, link: &str) -> Message {
    let name = &programme.name;
    let english = format!(
        "{name}: open this link to write with us in your language. It works once, for 7 days, and is \
         for you alone. {link}"
    );
    let spanish = format!(
        "{name}: abra este enlace para escribirnos en su idioma. Sirve una vez, durante 7 días, y es \
         solo para usted. {link}"
    );
    worded("invitation", "worker", MessageKind::Proactive, english, spanish)
}

/// Beside a message's words: the one channel that it may leave over.
pub const CHANNEL: &str = "channel";
/// Beside a message's words: the address there, where it is not the person's own.
pub const ADDRESS: &str = "address";

/// A message that goes over this channel and no other, to this address if one is given.
#[must_use]
pub fn bound(mut message: Message, channel: &str, address: Option<&str>) -> Message {
    let text = |it: &str| Typed { value: it.into(), ty: Type::Text };
    message.values.insert(Path(CHANNEL.to_owned()), text(channel));
    if let Some(address) = address {
        message.values.insert(Path(ADDRESS.to_owned()), text(address));
    }
    message
}

/// The channel that a message is bound to, and the address there if it names one.
pub fn bound_to(message: &Message) -> Option<(&str, Option<&str>)> {
    let value = |name: &str| message.values.get(&Path(name.to_owned()))?.value.as_str();
    Some((value(CHANNEL)?, value(ADDRESS)))
}

/// The version of a phrase: what somebody had read who agreed. It changes with any of its words.
pub fn version((key, english, spanish): Phrase) -> String {
    format!("{key}:{}", &digest_token(&format!("{english}\n{spanish}"))[..8])
}

/// A phrase in each language, bare.
pub fn words((_, english, spanish): Phrase) -> Words {
    Words::from([("en".to_owned(), english.to_owned()), ("es".to_owned(), spanish.to_owned())])
}

/// A phrase as a message.
pub fn message(phrase: Phrase, party: &str, kind: MessageKind) -> Message {
    let (key, english, spanish) = phrase;
    worded(key, party, kind, english.to_owned(), spanish.to_owned())
}

/// "I can help with …".
pub fn menu(examples: &[String]) -> Message {
    let quoted: Vec<_> = examples.iter().map(|it| format!("“{it}”")).collect();
    let list = quoted.join(", ");
    let english = format!(
        "I can help with your medicine and your claim. You can write, for example: {list}. Or \
         write “a person”, and someone will answer you."
    );
    let spanish = format!(
        "Puedo ayudarle con su medicina y su reclamo. Puede escribir, por ejemplo: {list}. O \
         escriba “una persona”, y alguien le responderá."
    );
    worded("menu", "worker", MessageKind::Reply, english, spanish)
}

fn worded(key: &str, party: &str, kind: MessageKind, english: String, spanish: String) -> Message {
    let template = |source: String| Template { parts: vec![Part::Words(source.clone())], source };
    let words = BTreeMap::from([
        ("en".to_owned(), template(english)),
        ("es".to_owned(), template(spanish)),
    ]);
    Message {
        party: party.to_owned(),
        kind,
        wording: Wording {
            key: format!("house.{key}"),
            words,
            private: BTreeMap::new(),
            labels: Labels::NONE,
            private_labels: Labels::NONE,
        },
        values: Values::new(),
        buttons: Vec::new(),
        question: None,
        card: None,
        notice: None,
    }
}
