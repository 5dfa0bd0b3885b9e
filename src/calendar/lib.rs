//! iCalendar (RFC 5545): what calendars of others show of what happens here. It knows no business.
use actix_web::http::{StatusCode, header};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use icalendar::{Component, EventLike, Property};
use platform::answer::{Answer, Outcome};
use platform::api::OperationDoc;
use platform::may::Grants;
use platform::problem::Result;
use uuid::Uuid;

/// The media type of a calendar (RFC 5545 §8.1).
pub const TEXT_CALENDAR: &str = "text/calendar; charset=utf-8";

/// During something is.
pub enum During {
    /// From one instant to another.
    Times(DateTime<Utc>, DateTime<Utc>),
    /// On whole days, the first and the last.
    Days(NaiveDate, NaiveDate),
    /// From one time of the day to another, wherever who takes part is.
    Local(NaiveDateTime, NaiveDateTime),
}

/// Whether it takes place.
#[derive(Clone, Copy)]
pub enum Standing {
    Tentative,
    Confirmed,
    Cancelled,
}

/// Something in a calendar.
pub struct Entry {
    /// The same whenever it is shown again.
    pub id: Uuid,
    /// How often it was moved; calendars take the highest.
    pub sequence: u32,
    /// During it was changed last.
    pub changed_at: DateTime<Utc>,
    pub when: During,
    pub standing: Standing,
    /// Whether others find those who take part free all the same (RFC 5545 §3.8.2.7).
    pub is_transparent: bool,
    pub summary: String,
    pub description: Option<String>,
    pub location: Option<String>,
    pub url: Option<String>,
    /// Who takes part: name and address.
    pub attendees: Vec<(String, Option<String>)>,
}

/// A calendar, as a file or a feed.
pub struct Calendar {
    /// What calendar programs call it.
    pub name: String,
    /// What a file of it is called, without its ending: letters, digits and hyphens.
    pub file_name: String,
    pub entries: Vec<Entry>,
}

impl Calendar {
    /// As RFC 5545 writes it.
    #[must_use]
    pub fn written(&self) -> String {
        let mut calendar = icalendar::Calendar::new();
        calendar.name(&self.name);
        for entry in &self.entries {
            calendar.push(entry.event());
        }
        calendar.done().to_string()
    }
}

impl Entry {
    fn event(&self) -> icalendar::Event {
        let mut event = icalendar::Event::new();
        event.uid(&format!("{}@backoffice", self.id)).timestamp(self.changed_at).sequence(self.sequence);
        event.summary(&self.summary);
        match self.when {
            During::Times(from, to) => event.starts(from).ends(to),
            // The end of a day is the beginning of the next (RFC 5545 §3.6.1).
            During::Local(from, to) => event.starts(from).ends(to),
            During::Days(first, last) => event.starts(first).ends(last.succ_opt().unwrap_or(last)),
        };
        event.status(match self.standing {
            Standing::Tentative => icalendar::EventStatus::Tentative,
            Standing::Confirmed => icalendar::EventStatus::Confirmed,
            Standing::Cancelled => icalendar::EventStatus::Cancelled,
        });
        if self.is_transparent {
            event.add_property("TRANSP", "TRANSPARENT");
        }
        if let Some(text) = &self.description {
            event.description(text);
        }
        if let Some(place) = &self.location {
            event.location(place);
        }
        if let Some(url) = &self.url {
            event.url(url);
        }
        for (name, address) in &self.attendees {
            // Parameters hold no quotes and no control characters (RFC 5545 §3.2).
            let name: String = name.chars().filter(|each| !each.is_control() && *each != '"').collect();
            let address =
                address.as_ref().map_or_else(|| "invalid:nomail".to_owned(), |mail| format!("mailto:{mail}"));
            let attendee =
                Property::new("ATTENDEE", address).add_parameter("CN", &format!("\"{name}\"")).done();
            event.append_multi_property(attendee);
        }
        event.done()
    }
}

impl Outcome for Calendar {
    const CONTENT_TYPE: &'static str = TEXT_CALENDAR;

    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        let answer = Answer::of_type(StatusCode::OK, TEXT_CALENDAR, self.written().into_bytes());
        Ok(answer
            .with(header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{}.ics\"", self.file_name)))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers_with("200", "text/calendar", "A calendar (RFC 5545)");
        doc.answer_header("200", "Content-Disposition", "What a file of the calendar is called (RFC 6266).");
    }
}

#[cfg(test)]
mod tests {
    use super::{Calendar, During, Entry, Standing};
    use chrono::{DateTime, NaiveDate};
    use uuid::Uuid;

    #[test]
    fn a_calendar_is_written_as_the_standard_says() {
        let at = |text: &str| text.parse::<DateTime<chrono::Utc>>().unwrap();
        let entry = Entry {
            id: Uuid::nil(),
            sequence: 2,
            changed_at: at("2026-11-01T08:00:00Z"),
            when: During::Times(at("2026-11-09T09:30:00Z"), at("2026-11-09T10:30:00Z")),
            standing: Standing::Confirmed,
            is_transparent: false,
            summary: "Interview; with a comma, and\nanother line ".repeat(3),
            description: None,
            location: Some("Room 3".into()),
            url: None,
            attendees: vec![("Ana \"A\" Pop".into(), Some("ana@demo.example".into()))],
        };
        let away = Entry {
            id: Uuid::max(),
            when: During::Days(
                NaiveDate::MIN.max("2026-12-24".parse().unwrap()),
                "2026-12-26".parse().unwrap(),
            ),
            is_transparent: true,
            attendees: Vec::new(),
            summary: "Away".into(),
            ..entry_like(&entry)
        };
        let written = Calendar {
            name: "Interviews".into(),
            file_name: "interviews".into(),
            entries: vec![entry, away],
        }
        .written();
        assert!(written.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:"), "{written}");
        assert!(written.ends_with("END:VCALENDAR\r\n"), "{written}");
        assert!(written.lines().all(|line| line.len() <= 75), "{written}");
        let unfolded = written.replace("\r\n ", "");
        for line in [
            "UID:00000000-0000-0000-0000-000000000000@backoffice",
            "DTSTAMP:20261101T080000Z",
            "DTSTART:20261109T093000Z",
            "DTEND:20261109T103000Z",
            "SEQUENCE:2",
            "STATUS:CONFIRMED",
            "LOCATION:Room 3",
            "DTSTART;VALUE=DATE:20261224",
            "DTEND;VALUE=DATE:20261227",
            "TRANSP:TRANSPARENT",
        ] {
            assert!(unfolded.lines().any(|each| each == line), "{line}: {unfolded}");
        }
        assert!(
            unfolded.contains("SUMMARY:Interview\\; with a comma\\, and\\nanother line Interview"),
            "{unfolded}"
        );
        assert!(unfolded.contains("ATTENDEE;CN=\"Ana A Pop\":mailto:ana@demo.example"), "{unfolded}");
    }

    fn entry_like(entry: &Entry) -> Entry {
        Entry {
            id: entry.id,
            sequence: 0,
            changed_at: entry.changed_at,
            when: During::Times(entry.changed_at, entry.changed_at),
            standing: Standing::Confirmed,
            is_transparent: false,
            summary: String::new(),
            description: None,
            location: None,
            url: None,
            attendees: Vec::new(),
        }
    }
}
