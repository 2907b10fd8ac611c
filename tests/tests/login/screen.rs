//! A user at a terminal: records the output, and answers questions.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use authn::{
    Error, Result, SecretString,
    prompt::{Link, Progress, Prompt, Question, UserCode},
};

/// Records everything that is shown and asked, and answers with the given texts; then it cancels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Screen(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<String>,
    questions: Vec<Question>,
    codes: Vec<UserCode>,
    progress: Vec<Progress>,
}

impl Screen {
    pub(crate) fn answering(answers: &[&str]) -> Self {
        let screen = Self::default();
        screen.0.lock().unwrap().answers = answers.iter().map(|&answer| answer.into()).collect();
        screen
    }

    pub(crate) fn questions(&self) -> Vec<Question> {
        self.0.lock().unwrap().questions.clone()
    }

    pub(crate) fn codes(&self) -> Vec<UserCode> {
        self.0.lock().unwrap().codes.clone()
    }

    pub(crate) fn all_progress(&self) -> Vec<Progress> {
        self.0.lock().unwrap().progress.clone()
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        let notice = |progress: &Progress| match progress {
            Progress::Notice(text) => Some(text.clone()),
            _ => None,
        };
        state.progress.iter().filter_map(notice).collect()
    }
}

impl Prompt for Screen {
    fn show_link(&self, link: &Link) {
        panic!("a link is shown: {}", link.url());
    }

    fn show_code(&self, code: &UserCode) {
        self.0.lock().unwrap().codes.push(code.clone());
    }

    async fn ask(&self, question: &Question) -> Result<SecretString> {
        let mut state = self.0.lock().unwrap();
        state.questions.push(question.clone());
        let answer = state.answers.pop_front();
        answer.map(SecretString::from).ok_or_else(|| Error::cancelled("no user answers; try again"))
    }

    fn progress(&self, progress: &Progress) {
        self.0.lock().unwrap().progress.push(progress.clone());
    }
}
