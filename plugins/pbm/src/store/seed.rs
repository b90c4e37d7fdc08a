//! The fictional claims, told backward from the first moment that somebody asks.
//!
//! The data files say "filled 27 days ago", never a date: a demo is as fresh in a year as it is
//! today. Seeded once; a file that has claims is left alone.

use chrono::{Days, NaiveDate};
use serde::Deserialize;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::{Fill, StoreError, insert_fill};
use crate::day::today;
use crate::drugs;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payer {
    id: String,
    name: String,
    refill_percent: i64,
    refill_percent_controlled: i64,
    refill_source: String,
    refill_confidence: String,
    authorization_days: i64,
    is_demo: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    payer: String,
    id: String,
    role: String,
    name: String,
    first_name: String,
    language: String,
    zone: String,
    office: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    born: Option<String>,
    zip: Option<String>,
    is_demo: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    payer: String,
    number: String,
    jurisdiction: String,
    status: String,
    since_days_ago: u64,
    employer: String,
    injured_days_ago: u64,
    body_parts: Vec<String>,
    worker: String,
    adjuster: String,
    owner: String,
    supervisor: String,
    pharmacy: Option<String>,
    prescriber: Option<String>,
    letter_days_ago: Option<u64>,
    letter_reason: Option<String>,
    prescriptions: Vec<Prescription>,
    is_demo: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prescription {
    rx_number: String,
    name: String,
    strength: String,
    days_supply: i64,
    quantity: i64,
    prescriber: String,
    price: String,
    rejects: Vec<String>,
    refills: i64,
    /// Latest first.
    filled_days_ago: Vec<u64>,
}

/// Fills an empty file.
pub(super) async fn seed(write: &SqlitePool, now_ms: i64) -> Result<(), StoreError> {
    let mut tx = write.begin_with("BEGIN IMMEDIATE").await?;
    let payers: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM payers").fetch_one(&mut *tx).await?;
    if payers == 0 {
        fill(&mut tx, now_ms).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn fill(tx: &mut Transaction<'static, Sqlite>, now_ms: i64) -> Result<(), StoreError> {
    let payers: Vec<Payer> = data(include_str!("../../data/payers.json"));
    let people: Vec<Person> = data(include_str!("../../data/people.json"));
    let claims: Vec<Claim> = data(include_str!("../../data/claims.json"));
    for payer in &payers {
        insert_payer(tx, payer).await?;
    }
    for person in &people {
        insert_person(tx, person).await?;
    }
    for claim in &claims {
        let worker = people
            .iter()
            .find(|it| it.payer == claim.payer && it.id == claim.worker)
            .ok_or(StoreError::Corrupt("worker"))?;
        let today = today(now_ms, &worker.zone).ok_or(StoreError::Corrupt("zone"))?;
        insert_claim(tx, claim, today).await?;
        for prescription in &claim.prescriptions {
            insert_prescription(tx, claim, prescription, today).await?;
        }
    }
    Ok(())
}

/// The data files are part of the program, and a test reads them.
fn data<T: for<'a> Deserialize<'a>>(json: &'static str) -> T {
    serde_json::from_str(json).expect("the data files are read by a test")
}

fn ago(today: NaiveDate, days: u64) -> String {
    (today - Days::new(days)).to_string()
}

async fn insert_payer(conn: &mut SqliteConnection, it: &Payer) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO payers (id, name, refill_percent, refill_percent_controlled, refill_source,
                             refill_confidence, authorization_days, is_demo)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(&it.id)
    .bind(&it.name)
    .bind(it.refill_percent)
    .bind(it.refill_percent_controlled)
    .bind(&it.refill_source)
    .bind(&it.refill_confidence)
    .bind(it.authorization_days)
    .bind(it.is_demo)
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_person(conn: &mut SqliteConnection, it: &Person) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO people (payer, id, role, name, first_name, language, zone, office, email,
                             phone, born, zip, is_demo)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )
    .bind(&it.payer)
    .bind(&it.id)
    .bind(&it.role)
    .bind(&it.name)
    .bind(&it.first_name)
    .bind(&it.language)
    .bind(&it.zone)
    .bind(&it.office)
    .bind(&it.email)
    .bind(&it.phone)
    .bind(&it.born)
    .bind(&it.zip)
    .bind(it.is_demo)
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_claim(
    conn: &mut SqliteConnection,
    it: &Claim,
    today: NaiveDate,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO claims (payer, number, jurisdiction, status, since, employer, injured_on,
                             body_parts, worker, adjuster, owner, supervisor, pharmacy,
                             prescriber, letter_date, letter_reason, is_demo)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )
    .bind(&it.payer)
    .bind(&it.number)
    .bind(&it.jurisdiction)
    .bind(&it.status)
    .bind(ago(today, it.since_days_ago))
    .bind(&it.employer)
    .bind(ago(today, it.injured_days_ago))
    .bind(serde_json::to_string(&it.body_parts).expect("words are plain data"))
    .bind(&it.worker)
    .bind(&it.adjuster)
    .bind(&it.owner)
    .bind(&it.supervisor)
    .bind(&it.pharmacy)
    .bind(&it.prescriber)
    .bind(it.letter_days_ago.map(|days| ago(today, days)))
    .bind(&it.letter_reason)
    .bind(it.is_demo)
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_prescription(
    conn: &mut SqliteConnection,
    claim: &Claim,
    it: &Prescription,
    today: NaiveDate,
) -> Result<(), StoreError> {
    let drug = drugs::find(&it.name, &it.strength).ok_or(StoreError::Corrupt("medicine"))?;
    sqlx::query(
        "INSERT INTO prescriptions (payer, claim, rx_number, name, strength, form, days_supply,
                                    quantity, prescriber, price, rejects, refills, is_demo)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )
    .bind(&claim.payer)
    .bind(&claim.number)
    .bind(&it.rx_number)
    .bind(&it.name)
    .bind(&it.strength)
    .bind(&drug.form)
    .bind(it.days_supply)
    .bind(it.quantity)
    .bind(&it.prescriber)
    .bind(&it.price)
    .bind(serde_json::to_string(&it.rejects).expect("codes are plain data"))
    .bind(it.refills)
    .bind(claim.is_demo)
    .execute(&mut *conn)
    .await?;
    for (days, fill) in it.filled_days_ago.iter().rev().zip(1..) {
        let fill = Fill {
            fill,
            filled_on: ago(today, *days),
            days_supply: it.days_supply,
            quantity: it.quantity,
        };
        insert_fill(conn, &claim.payer, &claim.number, &it.rx_number, &fill).await?;
    }
    Ok(())
}
