//! What lies on the disk: flows, keys, secrets, room.

use std::path::Path;

use super::{Look, Where};
use crate::channels::email::ASIDE;
use crate::watch::ready::{ROOM_MIN_BYTES, room_bytes};

pub(super) fn looks(place: &Where) -> Vec<Look> {
    let mut looks = vec![flows(place)];
    let config = place.config.as_ref();
    if config.is_none_or(|it| it.operator_key.is_none()) {
        looks.push(secret("operator_key", "the operator's key", &place.key_file));
    }
    if let Some(file) = config.and_then(|it| it.database_file.as_deref()) {
        looks.push(secret("database_file", "the file with the database's address", file));
    }
    if let Some(email) = config.and_then(|it| it.email.as_ref()) {
        if let Some(file) = &email.password_file {
            looks.push(secret("email_password_file", "the file with the mailbox's password", file));
        }
        looks.push(drop_folder(&email.drop));
    }
    looks.extend(room(&place.data));
    looks
}

/// The folder that mails are delivered to, and what nobody could read there.
fn drop_folder(root: &Path) -> Look {
    let shown = root.display();
    if let Err(why) = std::fs::read_dir(root.join("new")) {
        return Look::bad(
            "email_drop",
            format!("the folder for mails, {shown}, cannot be read: {why}"),
            "it is a Maildir: let your mail server deliver there, and give it to the server's user",
        );
    }
    let aside = std::fs::read_dir(root.join(ASIDE)).map_or(0, Iterator::count);
    match aside {
        0 => Look::well("email_drop", format!("mails are taken from {shown}")),
        aside => Look::bad(
            "email_drop",
            format!("mails that could not be read lie in {shown}/{ASIDE}: {aside}"),
            "read them, answer by hand, remove them",
        ),
    }
}

fn flows(place: &Where) -> Look {
    let folders = place.config.as_ref().map_or(&[][..], |it| &it.flows);
    let shelf = super::super::flow_folders(folders).and_then(|found| {
        Ok(crate::library::shelve(found, &super::super::demo::shipped_catalog()?))
    });
    let advice = "run `mendline check`";
    match shelf {
        Ok(shelf) if !shelf.has_errors() => {
            Look::well("flows", format!("{} flows load", shelf.flows.len()))
        }
        Ok(_) => Look::bad("flows", "a flow has errors", advice),
        Err(error) => Look::bad("flows", format!("the flows cannot be read: {error:#}"), advice),
    }
}

/// A file that must be there, and be read by its owner alone.
fn secret(about: &'static str, what: &str, file: &Path) -> Look {
    let shown = file.display();
    match std::fs::File::open(file) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Look::bad(
            about,
            format!("{what} is not at {shown}"),
            "the first start makes a key; a key that was lost comes from your copy of it alone",
        ),
        Err(why) => Look::bad(
            about,
            format!("{what} at {shown} cannot be read: {why}"),
            "give the file to the user who runs the server: chown, chmod 600",
        ),
        Ok(it) if others_may_read(&it) => Look::bad(
            about,
            format!("{what} at {shown} can be read by others on this machine"),
            "chmod 600",
        ),
        Ok(_) => {
            Look::well(about, format!("{what} is at {shown}; keep a copy apart from the database"))
        }
    }
}

#[cfg(unix)]
fn others_may_read(file: &std::fs::File) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|it| it.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_file: &std::fs::File) -> bool {
    false
}

fn room(data: &Path) -> Option<Look> {
    let room = room_bytes(data)?;
    let mib = room / (1024 * 1024);
    let says = format!("{mib} MiB are free where {} lies", data.display());
    Some(if room >= ROOM_MIN_BYTES {
        Look::well("disk", says)
    } else {
        Look::bad("disk", says, "make room: without it nothing can be taken in")
    })
}
