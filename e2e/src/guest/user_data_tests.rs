//! Rules of reading user data: what is obeyed, what is refused, and that nothing panics.

use std::io::Write;

use proptest::prelude::*;

use super::*;

fn instance() -> InstanceData {
    InstanceData { instance_id: "id-1".into(), local_hostname: "general-x7k2p".into(), ..InstanceData::default() }
}

fn read(text: &str) -> Result<UserData> {
    parse(text.as_bytes(), &instance())
}

#[test]
fn files_and_commands_are_taken_in_order() {
    let text = "## template: jinja\n#cloud-config\nwrite_files:\n- path: /etc/a\n  permissions: '0600'\n  content: |\n    id {{ v1.instance_id }}\n- path: /etc/b\n  encoding: b64\n  content: aGk=\nruncmd:\n- [kubeadm, join, --config, /etc/a]\n- echo done\n";
    let data = read(text).unwrap();
    assert!(
        data.files
            == vec![
                WrittenFile { path: "/etc/a".into(), mode: 0o600, content: b"id id-1\n".to_vec(), append: false },
                WrittenFile { path: "/etc/b".into(), mode: 0o644, content: b"hi".to_vec(), append: false },
            ]
    );
    let join = ["kubeadm", "join", "--config", "/etc/a"].map(String::from).to_vec();
    assert_eq!(data.commands, vec![Command::Words(join), Command::Line("echo done".into())]);
}

#[test]
fn permissions_without_quotes_are_octal_too() {
    for written in ["0600", "\"0600\"", "600", "0o600"] {
        let data = read(&format!("#cloud-config\nwrite_files: [{{path: /a, permissions: {written}}}]\n"));
        assert_eq!(data.unwrap().files[0].mode, 0o600, "{written}");
    }
}

#[test]
fn compressed_user_data_and_files_are_unpacked() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(b"hello").unwrap();
    let packed = STANDARD.encode(packer.finish().unwrap());
    let text = format!("#cloud-config\nwrite_files: [{{path: /a, encoding: gz+b64, content: {packed}}}]\n");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    let data = parse_base64(&STANDARD.encode(packer.finish().unwrap()), &instance()).unwrap();
    assert_eq!(data.file("/a"), Some(b"hello".as_slice()));
}

#[test]
fn nonsense_is_refused_with_a_sentence() {
    let cases = [
        ("", "#cloud-config"),
        ("#!/bin/sh\necho hi\n", "#cloud-config"),
        ("#cloud-config\nwrite_files: [{path: etc/a}]\n", "absolute path"),
        ("#cloud-config\nwrite_files: [{path: /etc/../a}]\n", "absolute path"),
        ("#cloud-config\nwrite_files: [{path: /a, permissions: rwx}]\n", "write_files, /a"),
        ("#cloud-config\nwrite_files: [{path: /a, encoding: rot13}]\n", "write_files, /a"),
        ("#cloud-config\nwrite_files: {a: b}\n", "not valid YAML"),
        ("#cloud-config\nruncmd: [{a: b}]\n", "runcmd"),
        ("#cloud-config\nruncmd: [[]]\n", "runcmd"),
    ];
    for (text, expected) in cases {
        let message = read(text).err().expect(text).to_string();
        assert!(message.contains(expected), "{text:?}: {message}");
    }
}

#[test]
fn an_error_never_quotes_a_secret() {
    let error = read("#cloud-config\nwrite_files:\n- path: /a\n  content: [abcdef.0123456789abcdef]\n").err().unwrap();
    assert!(!format!("{error:?}").contains("0123456789abcdef"));
}

#[test]
fn keys_that_are_not_obeyed_are_told() {
    assert_eq!(read("#cloud-config\npackages: [jq]\nruncmd: []\n").unwrap().ignored, vec!["packages"]);
}

#[test]
fn an_empty_cloud_config_asks_for_nothing() {
    assert!(read("#cloud-config\n").unwrap() == UserData::default());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = parse(&bytes, &instance());
    }

    #[test]
    fn no_text_behind_the_headers_makes_it_panic(text in "[ -~\n]{0,400}", is_template in any::<bool>()) {
        let header = if is_template { "## template: jinja\n#cloud-config\n" } else { "#cloud-config\n" };
        let _ = read(&format!("{header}{text}"));
    }

    #[test]
    fn almost_good_documents_do_not_make_it_panic(path in ".{0,30}", mode in ".{0,6}", word in ".{0,20}") {
        let text = format!("#cloud-config\nwrite_files:\n- {{path: {path:?}, permissions: {mode:?}}}\nruncmd:\n- [{word:?}]\n");
        let _ = read(&text);
    }
}
