//! The synopsis of a command, with the names of its values: that of clap's generator has none.

use clap::{Arg, ArgAction, Command};
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

/// The heading of the flags that every command has.
const GLOBAL: &str = "Global options";

pub(super) fn section(command: &Command) -> Roff {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut words = vec![vec![bold(name)]];
    if command.get_arguments().any(is_global) {
        words.push(vec![roman("["), italic("global options"), roman("]")]);
    }
    let shown = || command.get_arguments().filter(|argument| !argument.is_hide_set());
    let own = shown().filter(|argument| !argument.is_positional() && !is_global(argument));
    let (required, optional): (Vec<&Arg>, Vec<&Arg>) = own.partition(|flag| flag.is_required_set());
    words.extend(optional.into_iter().chain(required).map(flag));
    words.extend(shown().filter(|argument| argument.is_positional()).map(positional));
    if command.has_subcommands() {
        words.push(vec![italic("command")]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text(words.join(&roman(" ")));
    roff
}

fn is_global(argument: &Arg) -> bool {
    argument.get_help_heading() == Some(GLOBAL) || argument.get_id() == "help"
}

fn flag(flag: &Arg) -> Vec<Inline> {
    let names = [
        flag.get_short().map(|short| bold(format!("-{short}"))),
        flag.get_long().map(|long| bold(format!("--{long}"))),
    ];
    let names: Vec<Vec<Inline>> = names.into_iter().flatten().map(|name| vec![name]).collect();
    let mut words = names.join(&roman("|"));
    if flag.get_action().takes_values() {
        words.push(roman(" "));
        words.push(italic(value(flag)));
    }
    bracketed(words, flag)
}

fn positional(argument: &Arg) -> Vec<Inline> {
    bracketed(vec![italic(value(argument))], argument)
}

fn value(argument: &Arg) -> String {
    match argument.get_value_names() {
        Some(names) => names.join(" "),
        None => argument.get_id().as_str().to_uppercase(),
    }
}

fn bracketed(words: Vec<Inline>, argument: &Arg) -> Vec<Inline> {
    let mut words = if argument.is_required_set() {
        words
    } else {
        [vec![roman("[")], words, vec![roman("]")]].concat()
    };
    let values = argument.get_num_args().unwrap_or_default();
    let is_many = matches!(argument.get_action(), ArgAction::Append | ArgAction::Count)
        || (argument.is_positional() && values.max_values() > 1);
    if is_many {
        words.push(roman("..."));
    }
    words
}
