//! The certificate authorities that Mozilla trusts, as the file that TLS clients look for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Where Debian's and most other systems' TLS clients look.
pub const PATH: &str = "etc/ssl/certs/ca-certificates.crt";
const LINE: usize = 64;

/// All roots in PEM, in the order of the crate `webpki-root-certs`.
pub fn pem() -> String {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|root| one(root)).collect()
}

fn one(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for at in (0..text.len()).step_by(LINE) {
        pem.push_str(&text[at..text.len().min(at + LINE)]);
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_root_is_a_block_of_short_lines() {
        let pem = pem();
        let blocks = pem.matches("-----BEGIN CERTIFICATE-----\n").count();
        assert!(blocks > 100, "{blocks}");
        assert_eq!(blocks, webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
        assert!(pem.lines().all(|line| line.len() <= LINE));
    }
}
