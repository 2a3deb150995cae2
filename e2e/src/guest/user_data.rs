//! Reads a server's user data as cloud-init would: decode, render, parse `#cloud-config`, or refuse with a sentence.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::template::{self, InstanceData};

/// Largest user data after decoding, in bytes; Nova takes 65,535 base64 characters.
const USER_DATA_BYTES_MAX: usize = 64 * 1024;

/// Largest text that compressed user data, or one compressed file, may unpack to, in bytes.
const UNPACKED_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Most files that one user data may write.
const FILES_MAX: usize = 256;

/// Most commands that one user data may run.
const COMMANDS_MAX: usize = 256;

/// Mode of a written file whose user data names none (cloud-init's default).
const FILE_MODE_DEFAULT: u32 = 0o644;

/// Mode bits a file may have.
const FILE_MODE_MASK: u32 = 0o7777;

/// What the user data asks of a guest.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserData {
    /// Files to write, in order.
    pub files: Vec<WrittenFile>,
    /// Commands to run afterwards, in order.
    pub commands: Vec<Command>,
    /// Top-level keys that these guests do not obey; a real cloud-init might.
    pub ignored: Vec<String>,
}

/// One file of `write_files`. Its content may be a secret, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Absolute path without `..`.
    pub path: String,
    /// Unix mode bits.
    pub mode: u32,
    /// Decoded content.
    pub content: Vec<u8>,
    /// Whether the content is added to a file that is already there.
    pub append: bool,
}

/// One entry of `runcmd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A list: run as it is, without a shell.
    Words(Vec<String>),
    /// A string: a line for `sh -c`.
    Line(String),
}

impl UserData {
    /// The content of the file that the user data writes at `path`; the last one wins.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        let last = self.files.iter().rev().find(|file| file.path == path)?;
        Some(&last.content)
    }
}

/// Decodes Nova's base64 and parses what is inside.
///
/// # Errors
/// A sentence that says why a real guest would not understand this user data.
pub fn parse_base64(encoded: &str, instance: &InstanceData) -> Result<UserData> {
    let compact: String = encoded.split_whitespace().collect();
    let bytes = STANDARD.decode(compact).context("the user data is not base64")?;
    parse(&bytes, instance)
}

/// Parses decoded user data: optionally gzip, optionally a jinja template, then `#cloud-config`.
///
/// # Errors
/// A sentence that says why a real guest would not understand this user data.
pub fn parse(bytes: &[u8], instance: &InstanceData) -> Result<UserData> {
    ensure!(bytes.len() <= USER_DATA_BYTES_MAX, "the user data is larger than {USER_DATA_BYTES_MAX} bytes");
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) { gunzip(bytes)? } else { bytes.to_vec() };
    let text = String::from_utf8(bytes).context("the user data is not UTF-8 text")?;
    let text = if template::is_template(&text) { template::render(&text, instance)? } else { text };
    let first = text.lines().next().unwrap_or_default().trim_end();
    ensure!(
        first == "#cloud-config",
        "the user data starts with {:?} and not with \"#cloud-config\", so that cloud-init would not know what it is",
        first.chars().take(40).collect::<String>()
    );
    CloudConfig::read(&text)?.resolve()
}

/// The part of cloud-config that these guests obey.
#[derive(Default, Deserialize)]
struct CloudConfig {
    #[serde(default)]
    write_files: Option<Vec<FileEntry>>,
    #[serde(default)]
    runcmd: Option<Vec<serde_json::Value>>,
    #[serde(flatten)]
    others: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct FileEntry {
    path: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    encoding: Option<String>,
    #[serde(default)]
    permissions: Option<String>,
    #[serde(default)]
    append: bool,
}

impl CloudConfig {
    fn read(text: &str) -> Result<Self> {
        let is_empty = text.lines().all(|line| line.trim().is_empty() || line.starts_with('#'));
        if is_empty {
            return Ok(Self::default());
        }
        // The message of a YAML error may quote the document, which holds a token: only its position is kept.
        serde_saphyr::from_str(text).map_err(|error| {
            let place = error.location().map_or_else(String::new, |at| format!(" near line {}", at.line()));
            anyhow::anyhow!("the cloud-config is not valid YAML of the expected shape{place}")
        })
    }

    fn resolve(self) -> Result<UserData> {
        let files = self.write_files.unwrap_or_default();
        let commands = self.runcmd.unwrap_or_default();
        ensure!(files.len() <= FILES_MAX, "write_files has more than {FILES_MAX} entries");
        ensure!(commands.len() <= COMMANDS_MAX, "runcmd has more than {COMMANDS_MAX} entries");
        Ok(UserData {
            files: files.into_iter().map(resolve_file).collect::<Result<_>>()?,
            commands: commands.iter().map(resolve_command).collect::<Result<_>>()?,
            ignored: self.others.into_keys().collect(),
        })
    }
}

fn resolve_file(entry: FileEntry) -> Result<WrittenFile> {
    let path = entry.path;
    let is_plain = path.split('/').all(|part| part != ".." && part != ".");
    ensure!(
        path.starts_with('/') && !path.ends_with('/') && is_plain && !path.contains('\0'),
        "write_files names {path:?}, which is not an absolute path of a file"
    );
    let content = decode(&entry.content, entry.encoding.as_deref()).with_context(|| format!("write_files, {path}"))?;
    let mode = entry.permissions.as_deref().map_or(Ok(FILE_MODE_DEFAULT), parse_mode);
    let mode = mode.with_context(|| format!("write_files, {path}"))?;
    Ok(WrittenFile { path, mode, content, append: entry.append })
}

fn parse_mode(text: &str) -> Result<u32> {
    let digits = text.trim_start_matches("0o");
    let mode = u32::from_str_radix(digits, 8).with_context(|| format!("permissions {text:?} are not octal"))?;
    ensure!(mode & !FILE_MODE_MASK == 0, "permissions {text:?} are out of range");
    Ok(mode)
}

fn decode(content: &str, encoding: Option<&str>) -> Result<Vec<u8>> {
    let from_base64 = || {
        let compact: String = content.split_whitespace().collect();
        STANDARD.decode(compact).context("the content is not base64")
    };
    match encoding.unwrap_or("text/plain") {
        "text/plain" => Ok(content.as_bytes().to_vec()),
        "b64" | "base64" => from_base64(),
        "gz+b64" | "gz+base64" | "gzip+b64" | "gzip+base64" => gunzip(&from_base64()?),
        other => bail!("encoding {other:?} is not one that cloud-init knows"),
    }
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bytes).take(UNPACKED_BYTES_MAX + 1).read_to_end(&mut unpacked).context("the content is not gzip")?;
    ensure!(unpacked.len() as u64 <= UNPACKED_BYTES_MAX, "the content unpacks to more than {UNPACKED_BYTES_MAX} bytes");
    Ok(unpacked)
}

fn resolve_command(entry: &serde_json::Value) -> Result<Command> {
    use serde_json::Value;
    match entry {
        Value::String(line) => Ok(Command::Line(line.clone())),
        Value::Array(words) if !words.is_empty() => words.iter().map(resolve_word).collect::<Result<_>>().map(Command::Words),
        _ => bail!("runcmd has an entry that is neither a string nor a list of strings"),
    }
}

fn resolve_word(word: &serde_json::Value) -> Result<String> {
    match word {
        serde_json::Value::String(text) => Ok(text.clone()),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        _ => bail!("runcmd has a list with a word that is neither a string nor a number"),
    }
}

#[cfg(test)]
#[path = "user_data_tests.rs"]
mod tests;
