//! `Messages`: what other processes tell of a session on its channel.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use redis::{PushInfo, PushKind, Value};
use tokio::sync::broadcast::{self, Receiver, Sender};

/// Messages that a waiter may be late for. If there are more, it looks at the session itself.
const MOST_UNREAD: usize = 16;
/// Most channels that stay subscribed although nothing waits. A session that was contended once will be again.
const MOST_IDLE: usize = 64;

/// What has happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Its record has this revision now.
    Saved(u64),
    /// Its lease has a new holder.
    Taken,
    /// Its lease is free, and so many wait for it.
    Released { waiting: u64 },
    /// The connection has ended, so that messages may have been missed.
    Interrupted,
}

/// The channels of a process.
#[derive(Default)]
pub(super) struct Messages(Mutex<HashMap<String, Channel>>);

struct Channel {
    sender: Sender<Message>,
    /// The connection that has subscribed to it.
    link: Option<u64>,
}

impl Messages {
    /// Returns the messages of a channel from now on.
    pub(super) fn listen(&self, channel: &str) -> Receiver<Message> {
        let mut channels = self.channels();
        let new = || Channel { sender: broadcast::channel(MOST_UNREAD).0, link: None };
        channels.entry(channel.to_owned()).or_insert_with(new).sender.subscribe()
    }

    pub(super) fn is_subscribed(&self, channel: &str, link: u64) -> bool {
        self.channels().get(channel).is_some_and(|channel| channel.link == Some(link))
    }

    pub(super) fn note_subscribed(&self, channel: &str, link: u64) {
        if let Some(channel) = self.channels().get_mut(channel) {
            channel.link = Some(link);
        }
    }

    /// Removes and returns the channels that nothing waits for, if they are too many.
    pub(super) fn idle(&self) -> Vec<String> {
        let mut channels = self.channels();
        let is_idle = |channel: &Channel| channel.sender.receiver_count() == 0;
        if channels.values().filter(|channel| is_idle(channel)).count() <= MOST_IDLE {
            return Vec::new();
        }
        channels.extract_if(|_, channel| is_idle(channel)).map(|(name, _)| name).collect()
    }

    /// Passes on what the server has pushed.
    pub(super) fn receive(&self, info: &PushInfo) {
        match (&info.kind, info.data.as_slice()) {
            (PushKind::Message, [channel, message]) => {
                let (Some(channel), Some(message)) = (text(channel), text(message)) else { return };
                let channels = self.channels();
                if let (Some(channel), Some(message)) =
                    (channels.get(channel), Message::of(message))
                {
                    // There may be no receiver.
                    let _ = channel.sender.send(message);
                }
            }
            (PushKind::Disconnection, _) => self.interrupt(),
            _ => {}
        }
    }

    /// Tells all that wait that the connection has ended.
    pub(super) fn interrupt(&self) {
        for channel in self.channels().values_mut() {
            channel.link = None;
            let _ = channel.sender.send(Message::Interrupted);
        }
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<String, Channel>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Message {
    fn of(text: &str) -> Option<Self> {
        let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        let mut words = text.split(' ');
        match words.next()? {
            "saved" => number(words.next()).map(Self::Saved),
            "taken" => Some(Self::Taken),
            "released" => number(words.next()).map(|waiting| Self::Released { waiting }),
            _ => None,
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(channel: &str, message: &str) -> PushInfo {
        let data = [channel, message].map(|text| Value::BulkString(text.into())).to_vec();
        PushInfo { kind: PushKind::Message, data }
    }

    #[test]
    fn a_message_reaches_those_that_wait_on_its_channel() {
        let messages = Messages::default();
        let (mut one, mut other) = (messages.listen("one"), messages.listen("other"));
        for text in ["saved 7", "taken", "released 3", "saved", "of a later version", ""] {
            messages.receive(&pushed("one", text));
        }
        messages.receive(&pushed("unknown", "taken"));
        for expected in [Message::Saved(7), Message::Taken, Message::Released { waiting: 3 }] {
            assert_eq!(one.try_recv(), Ok(expected));
        }
        assert!(one.try_recv().is_err() && other.try_recv().is_err());
    }

    #[test]
    fn who_waits_is_told_that_the_connection_has_ended_and_subscribes_again() {
        let messages = Messages::default();
        let mut waiting = messages.listen("one");
        messages.note_subscribed("one", 1);
        assert!(messages.is_subscribed("one", 1) && !messages.is_subscribed("one", 2));
        messages.receive(&PushInfo { kind: PushKind::Disconnection, data: Vec::new() });
        assert_eq!(waiting.try_recv(), Ok(Message::Interrupted));
        assert!(!messages.is_subscribed("one", 1));
    }

    #[test]
    fn channels_that_nothing_waits_for_are_bounded() {
        let messages = Messages::default();
        let _waiting = messages.listen("waiting");
        for number in 0..MOST_IDLE {
            drop(messages.listen(&number.to_string()));
        }
        assert!(messages.idle().is_empty());
        drop(messages.listen("one more"));
        assert_eq!(messages.idle().len(), MOST_IDLE + 1);
        assert!(messages.idle().is_empty());
    }
}
