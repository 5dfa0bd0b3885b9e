//! Mails: what people are told at their own address. Each is a job, enqueued in the transaction that causes it and tried
//! again while the mail server is away; a token in a link is made when the mail is sent, and lies nowhere but in it.
use crate::opaque::Opaque;
use crate::sign_in::{Purpose, issue};
use diesel::QueryableByName;
use diesel::sql_types::{Binary, Nullable, Text, Uuid as SqlUuid};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use platform::job::{Running, Task, enqueue};
use platform::prelude::*;
use platform::problem::CONFLICT;
use serde_json::Value;
use std::time::Duration;

/// How long a mail server may take for each of its answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// How mails are sent.
#[derive(Clone, Debug, Default)]
pub struct MailSettings {
    /// `smtp://user:password@host:port?tls=required`, `smtps://…`, or `log:` for development; none sends nothing.
    pub smtp_url: Option<String>,
    /// Whom mails come from: `Example <no-reply@books.example>`.
    pub sender: String,
    /// Where links lead, without a slash at the end.
    pub app_url: Option<String>,
}

/// Sends mails. One for the process.
pub struct Mailer {
    way: Way,
    sender: Mailbox,
    app_url: Option<String>,
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// The whole mail, links and all: for development.
    Log,
    Nowhere,
}

impl Mailer {
    /// Ready to send; no mail server is asked yet.
    ///
    /// # Errors
    /// A sentence on the setting that can not be read; it never holds the URL, which has a password in it.
    pub fn new(settings: &MailSettings) -> std::result::Result<Self, String> {
        let sender = settings.sender.parse();
        let sender = sender
            .map_err(|_| "BACKOFFICE_MAIL_SENDER is no address such as `Example <no-reply@books.example>`")?;
        let way = match settings.smtp_url.as_deref() {
            None => Way::Nowhere,
            Some("log:") => Way::Log,
            Some(url) => Way::Smtp(transport(url)?),
        };
        Ok(Self { way, sender, app_url: settings.app_url.clone() })
    }

    /// Whether mails reach people, so that a token in one proves whose address it is.
    #[must_use]
    pub fn reaches_people(&self) -> bool {
        matches!(self.way, Way::Smtp(_))
    }

    /// Sends the mail once this transaction has committed.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn enqueue(&self, db: &mut Db, mail: &Mail) -> Result<()> {
        match self.way {
            Way::Nowhere => Ok(()),
            Way::Smtp(_) | Way::Log => enqueue(db, mail).await.map(|_| ()),
        }
    }

    /// The address of a link; where no app is known, the token, for whoever has one.
    fn link(&self, page: &str, token: &str) -> String {
        match &self.app_url {
            // Behind the hash, which no browser sends to any server.
            Some(app) => format!("{app}/{page}#token={token}"),
            None => token.to_owned(),
        }
    }

    async fn send(&self, letter: Letter) -> Result<()> {
        let (subject, text) = (letter.subject.clone(), letter.text.clone());
        let to: Mailbox = letter.to.parse().map_err(|_| refused("the address is none"))?;
        match &self.way {
            Way::Nowhere => {
                Err(Problem::unavailable("this process knows no mail server, and another asked it to send"))
            }
            Way::Log => {
                log::info!("mail to {}: {subject}: {text}", letter.to);
                Ok(())
            }
            Way::Smtp(server) => {
                let mail = Message::builder()
                    .from(self.sender.clone())
                    .to(to)
                    .subject(subject)
                    .header(ContentType::TEXT_PLAIN)
                    .body(text)
                    .map_err(Problem::internal)?;
                server.send(mail).await.map(|_| ()).map_err(|error| {
                    if error.is_permanent() {
                        refused(&error.to_string())
                    } else {
                        Problem::unavailable(format!("mail server: {error}"))
                    }
                })
            }
        }
    }
}

fn refused(why: &str) -> Problem {
    CONFLICT.because(format!("The mail can not be delivered, and is not tried again: {why}."))
}

/// The mail server. Where the operator has authorities of their own, these are believed, too.
fn transport(url: &str) -> std::result::Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let unreadable = "BACKOFFICE_SMTP_URL is none of smtp://…, smtps://… and log:";
    let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| unreadable)?;
    let url = url::Url::parse(url).map_err(|_| unreadable)?;
    let mut trusted = TlsParameters::builder(url.host_str().ok_or(unreadable)?.to_owned());
    for each in platform::tls::own() {
        let each = Certificate::from_der(each.to_vec()).map_err(|error| error.to_string())?;
        trusted = trusted.add_root_certificate(each);
    }
    let trusted = trusted.build().map_err(|error| error.to_string())?;
    let how = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, how)| how);
    let server = match (url.scheme(), how.as_deref()) {
        ("smtps", _) => server.tls(Tls::Wrapper(trusted)),
        (_, Some("required")) => server.tls(Tls::Required(trusted)),
        (_, Some("opportunistic")) => server.tls(Tls::Opportunistic(trusted)),
        _ => server,
    };
    Ok(server.timeout(Some(PATIENCE)).build())
}

/// A mail as it goes out: one address, plain text.
struct Letter {
    to: String,
    subject: String,
    text: String,
}

impl Letter {
    /// The first line of a template is its subject, the rest its text. No value gets into the subject.
    fn new(to: String, template: &str, values: &[(&str, &str)]) -> Self {
        let (subject, text) = template.split_once('\n').unwrap_or((template, ""));
        let filled = |text: String, (name, value): &(&str, &str)| text.replace(&format!("{{{name}}}"), value);
        let text = values.iter().fold(text.trim_start().to_owned(), filled);
        Self { to, subject: subject.to_owned(), text }
    }
}

/// What somebody is told about their login.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    PasswordChanged,
    SecondFactorEnrolled,
    SecondFactorRemoved,
    SecondFactorReset,
}

impl Notice {
    fn template(self) -> &'static str {
        match self {
            Self::PasswordChanged => include_str!("mails/password_changed.txt"),
            Self::SecondFactorEnrolled => include_str!("mails/second_factor_enrolled.txt"),
            Self::SecondFactorRemoved => include_str!("mails/second_factor_removed.txt"),
            Self::SecondFactorReset => include_str!("mails/second_factor_reset.txt"),
        }
    }
}

/// A mail to be sent: what it is about. No token is in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub(crate) enum Mail {
    /// To who is invited.
    Invitation { invitation: Uuid },
    /// To whoever has a login at this address, if anybody has.
    PasswordReset { email: String },
    /// To the address that a login shall have.
    EmailChange { user: Uuid, version: i64, email: String },
    /// To the address that it had.
    EmailChangeNotice { to: String, email: String },
    /// To the address of a login, when something happened to it.
    Notice { user: Uuid, notice: Notice, at: DateTime<Utc> },
}

impl Mail {
    pub fn notice(user: Uuid, notice: Notice) -> Self {
        Self::Notice { user, notice, at: Utc::now() }
    }

    /// The mail with its token, if there is still somebody to send it to.
    async fn letter(&self, db: &mut Db, mailer: &Mailer) -> Result<Option<Letter>> {
        match self {
            Self::Invitation { invitation } => invite(db, mailer, *invitation).await,
            Self::PasswordReset { email } => {
                let Some((user, to)) = owner_of(db, email).await? else { return Ok(None) };
                let (text, token) = Opaque::make(Uuid::nil(), Uuid::now_v7())?;
                if !issue(db, &token, user, &Purpose::PasswordReset).await? {
                    return Ok(None);
                }
                let link = mailer.link("reset-password", &text);
                let template = include_str!("mails/password_reset.txt");
                Ok(Some(Letter::new(to, template, &[("link", &link)])))
            }
            Self::EmailChange { user, version, email } => {
                if owner_of(db, email).await?.is_some_and(|(owner, _)| owner != *user) {
                    return Ok(None);
                }
                let (text, token) = Opaque::make(Uuid::nil(), Uuid::now_v7())?;
                if !issue(db, &token, *user, &Purpose::EmailChange { version: *version, email }).await? {
                    return Ok(None);
                }
                let link = mailer.link("confirm-email", &text);
                let template = include_str!("mails/email_confirmation.txt");
                Ok(Some(Letter::new(email.clone(), template, &[("link", &link)])))
            }
            Self::EmailChangeNotice { to, email } => {
                let template = include_str!("mails/email_change.txt");
                Ok(Some(Letter::new(to.clone(), template, &[("email", email)])))
            }
            Self::Notice { user, notice, at } => {
                let Some(to) = address_of(db, *user).await? else { return Ok(None) };
                let at = at.format("%Y-%m-%d %H:%M UTC").to_string();
                Ok(Some(Letter::new(to, notice.template(), &[("at", &at)])))
            }
        }
    }
}

impl Task for Mail {
    const KIND: &'static str = "mails.send";
    /// Some nine hours, for a mail server that is away.
    const ATTEMPTS: i32 = 20;

    async fn run(self, job: &Running) -> Result<Value> {
        let mailer = job.tool::<Mailer>();
        if let Some(letter) = job.write(async |db| self.letter(db, &mailer).await).await? {
            mailer.send(letter).await?;
        }
        Ok(Value::Null)
    }
}

/// The login at this address that may sign in, and how it writes the address itself.
async fn owner_of(db: &mut Db, email: &str) -> Result<Option<(Uuid, String)>> {
    #[derive(QueryableByName)]
    struct Owner {
        #[diesel(sql_type = SqlUuid)]
        user_id: Uuid,
        #[diesel(sql_type = Text)]
        email: String,
    }
    let owner = diesel::sql_query(
        "select l.user_id, a.email from find_login($1) l cross join lateral find_address(l.user_id) a where l.status = 'active'",
    );
    let owner: Option<Owner> = owner.bind::<Text, _>(email).get_result(db).await.optional()?;
    Ok(owner.map(|owner| (owner.user_id, owner.email)))
}

async fn address_of(db: &mut Db, user: Uuid) -> Result<Option<String>> {
    let address = diesel::dsl::sql::<Nullable<Text>>("(select email from find_address(")
        .bind::<SqlUuid, _>(user)
        .sql("))");
    Ok(diesel::select(address).get_result(db).await?)
}

/// The invitation with a token of its own, while it is open.
async fn invite(db: &mut Db, mailer: &Mailer, invitation: Uuid) -> Result<Option<Letter>> {
    #[derive(QueryableByName)]
    struct Open {
        #[diesel(sql_type = Text)]
        email: String,
        #[diesel(sql_type = Text)]
        organization: String,
        #[diesel(sql_type = Text)]
        day: String,
    }
    let (text, token) = Opaque::make(db.organization(), invitation)?;
    let open = diesel::sql_query(
        "with open as (
            select i.id, i.email, o.name as organization, to_char(i.expires_at at time zone 'UTC', 'YYYY-MM-DD') as day
            from invitations i join organizations o on o.org_id = i.org_id and o.id = i.org_id
            where i.org_id = $1 and i.id = $2 and i.status = 'open' and i.expires_at > now()
        ), link as (
            insert into invitation_links (invitation_id, hash) select id, $3 from open
                on conflict (org_id, invitation_id) do update set hash = excluded.hash
        )
        select email, organization, day from open",
    );
    let open: Option<Open> = open
        .bind::<SqlUuid, _>(db.organization())
        .bind::<SqlUuid, _>(invitation)
        .bind::<Binary, _>(&token.hash)
        .get_result(db)
        .await
        .optional()?;
    Ok(open.map(|open| {
        let link = mailer.link("accept-invitation", &text);
        let values = [("link", &*link), ("day", &*open.day), ("organization", &*open.organization)];
        Letter::new(open.email, include_str!("mails/invitation.txt"), &values)
    }))
}

/// The work of sending.
pub fn routes(api: &mut Api) {
    api.task::<Mail>();
}

#[cfg(test)]
mod tests {
    use super::{Letter, MailSettings, Mailer};

    #[test]
    fn a_template_is_a_subject_and_a_text() {
        let letter = Letter::new(
            "ana@demo.example".into(),
            "Come in\n\nTo {organization}: {link}\n",
            &[("link", "L"), ("organization", "{link} SRL")],
        );
        assert_eq!((&*letter.subject, &*letter.text), ("Come in", "To {link} SRL: L\n"));
    }

    #[test]
    fn settings_that_can_not_be_read_are_told_without_the_password_in_them() {
        let settings = |url: &str| MailSettings {
            smtp_url: Some(url.into()),
            sender: "no-reply@books.example".into(),
            ..MailSettings::default()
        };
        assert!(
            Mailer::new(&settings("smtps://user:secret@mail.example"))
                .is_ok_and(|mailer| mailer.reaches_people())
        );
        assert!(Mailer::new(&settings("log:")).is_ok_and(|mailer| !mailer.reaches_people()));
        let told = Mailer::new(&settings("ftp://user:secret@mail.example")).err().unwrap();
        assert!(told.contains("BACKOFFICE_SMTP_URL") && !told.contains("secret"), "{told}");
        let nobody =
            MailSettings { sender: "nobody\r\nBcc: all@demo.example".into(), ..MailSettings::default() };
        assert!(Mailer::new(&nobody).is_err());
    }
}
