//! The built-in words in Spanish, as `usted`. Each says what its English says.

use crate::phrases::Phrase;

pub(super) fn words(phrase: Phrase) -> &'static str {
    match phrase {
        Phrase::Help => {
            "Puede tocar una opción o responder con sus propias palabras. También puede \
             escribir: repetir, cambiar mi respuesta, cancelar, o una persona."
        }
        Phrase::HelpNothingOpen => {
            "Por ahora no tiene que hacer nada. Le escribo cuando haya noticias. Siempre puede \
             escribir: cancelar, o una persona."
        }
        Phrase::Again => "Con gusto.",
        Phrase::NotUnderstood => "Disculpe, no le entendí.",
        Phrase::WhichOne => "¿Cuál de estos quiere decir?",
        Phrase::CancelQuestion => "¿Quiere que paremos aquí? Entonces ya no haré nada más.",
        Phrase::CancelYes => "Sí, paremos",
        Phrase::CancelNo => "No, sigamos",
        Phrase::CancelledNot => "Muy bien, seguimos.",
        Phrase::OnlyPrincipalCancels => {
            "Solo la persona que hizo esta solicitud puede pararla. Si algo está mal, escriba: \
             una persona."
        }
        Phrase::CannotChangeNow => {
            "Esto ya está en marcha, así que le pido a una persona que revise su cambio."
        }
        Phrase::ChangeWhat => "¿Qué desea cambiar? Puede escribir: cambiar {fields}.",
        Phrase::Yes => "Sí",
        Phrase::No => "No",
        Phrase::ClosedSuccess => "Listo. Escríbame cuando quiera.",
        Phrase::ClosedNeutral => "Por ahora hemos terminado. Escríbame cuando quiera.",
        Phrase::ClosedFailure => {
            "He cerrado esto por ahora. Escríbame cuando quiera continuar y le ayudo."
        }
        Phrase::ClosedForOthers => "Esta solicitud está cerrada. Ya no tiene que hacer nada.",
        Phrase::HandoffTold => {
            "Le paso esto a una persona de nuestro equipo, que le escribirá aquí."
        }
        Phrase::CallBack => {
            "Le paso esto a una persona de nuestro equipo. La oficina está cerrada ahora. Le \
             responderán cuando abra, {when | long}."
        }
        Phrase::HandoffReturned => "Gracias por esperar. Ya estoy con usted otra vez.",
        Phrase::PersonKnows => "Una persona de nuestro equipo ya está avisada y le escribirá aquí.",
        Phrase::CardChanged => "Esta solicitud cambió. La tarjeta anterior está cerrada.",
        Phrase::CardHandled => {
            "{by} respondió: {choice}. Su copia de la tarjeta está cerrada por ahora."
        }
        Phrase::DecidedBy => "Esto lo decidió {by}: {choice}. No tiene que hacer nada.",
        Phrase::CardNeedsTap => {
            "No puedo tomar una decisión de un texto. Por favor use las opciones de la tarjeta."
        }
        Phrase::StillWaiting => {
            "Sigo con esto y le escribo en cuanto haya noticias. No tiene que hacer nada. Si \
             quiere hablar con alguien, escriba: una persona."
        }
        Phrase::WaitingForDecision => "Esto sigue esperando su decisión.",
        Phrase::Ended => "Esta solicitud está cerrada. Dígame qué necesita y empezamos de nuevo.",
        Phrase::Working => "Un momento, lo estoy revisando.",
        Phrase::LanguageSet => "Desde ahora le escribo en español.",
        Phrase::NeedInteger => "Por favor escriba un número entero de 1 a 365.",
        Phrase::NeedDate => "Por favor escriba una fecha, por ejemplo 2026-11-18.",
        Phrase::NeedReason => "Por favor elija uno de los motivos.",
        Phrase::NeedText => "Por favor escríbalo en pocas palabras.",
        Phrase::NeedOther => "Por favor escriba lo que falta.",
        Phrase::VerdictDone => "Gracias, ya está hecho.",
        Phrase::VerdictAlready => "Esto ya lo decidió {by}: {choice}.",
        Phrase::VerdictChanged => "Esta solicitud cambió. Aquí está la tarjeta nueva.",
        Phrase::VerdictOver => "Esto ya terminó. No se cambió nada.",
        Phrase::VerdictNotAllowed => {
            "Usted no tiene la autoridad para decidir esto. No se cambió nada."
        }
        Phrase::VerdictNeeds => "Falta algo antes de poder hacerlo.",
        Phrase::VerdictNoSuchChoice => "Aquí no existe esa opción.",
        Phrase::VerdictHeldBy => "{by} ya se está ocupando de esto.",
        Phrase::OperationOfRule => "disposición de la ley",
        Phrase::NextAsks => "Vuelve a hacer su pregunta abierta.",
        Phrase::NextRetries => "Intenta otra vez el paso que falló.",
        Phrase::NextGoesOn => "Sigue con el paso siguiente.",
        Phrase::NextNothing => "Nada: es una tarea solo para una persona.",
        Phrase::NextWaitsForDecision => "Sigue esperando la decisión.",
    }
}
