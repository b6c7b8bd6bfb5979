//! Who calls, and whether that is believed.

use std::net::IpAddr;

use hyper::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use hyper::{HeaderMap, StatusCode};
use subtle::ConstantTimeEq;

use crate::config::{AgentTrust, Config};
use crate::digest::sha256;
use crate::tokens::{Bearer, Tokens};

const AGENT_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("x-hypersieve-agent"), HeaderName::from_static("x-oktsec-agent")];

/// A request that is refused before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Refused {
        Refused { status, message: message.into() }
    }
}

/// The agent that calls; `None` if nobody has to say who they are.
///
/// # Errors
/// If the agent is not known, or its name is not believed; or if the issued tokens can't be read.
pub(crate) fn agent(
    config: &Config,
    tokens: &Tokens,
    peer: IpAddr,
    path: Option<&str>,
    headers: &HeaderMap,
) -> Result<Option<String>, Refused> {
    let forbidden = |message: String| Err(Refused::new(StatusCode::FORBIDDEN, message));
    let mut name = path.map(str::to_string);
    for value in AGENT_HEADERS.iter().flat_map(|header| headers.get_all(header)) {
        let value = value.to_str().unwrap_or_default().to_string();
        if name.get_or_insert_with(|| value.clone()) != &value {
            return Err(Refused::new(StatusCode::BAD_REQUEST, "the request names two agents: name one"));
        }
    }
    let unauthorized = |message: &str| Err(Refused::new(StatusCode::UNAUTHORIZED, message));
    let unread = |error: std::io::Error| {
        tracing::error!(%error, "the issued tokens can't be read");
        Refused::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the issued tokens can't be read: see the gateway's log",
        )
    };
    if let Some(token) = bearer(headers) {
        let owner = match tokens.bearer(token).map_err(unread)? {
            Bearer::Of(owner) if config.agents.contains_key(&owner) => Some(owner),
            Bearer::Of(owner) => {
                return forbidden(format!("the token's agent {owner:?} is not in the configuration"));
            }
            Bearer::Refused => {
                return unauthorized("this token is not valid: it was revoked, or never issued");
            }
            Bearer::Foreign => owner(config, token),
        };
        match (owner, name.as_ref()) {
            (Some(owner), Some(name)) if *name != owner => {
                return forbidden(format!("the token is not that of the agent {name:?}"));
            }
            (Some(owner), _) => return Ok(Some(owner)),
            (None, _) => {}
        }
    }
    let by_name = config.agent_trust == AgentTrust::Loopback && peer.to_canonical().is_loopback();
    match &name {
        Some(name) if !config.agents.is_empty() => match config.agents.get(name) {
            None => forbidden(format!("the agent {name:?} is not in the configuration")),
            Some(agent) if agent.token.is_some() || tokens.guards(name).map_err(unread)? => {
                unauthorized("this agent's calls need its bearer token")
            }
            Some(_) if !by_name => {
                unauthorized("a name alone is not believed: send the agent's bearer token")
            }
            Some(_) => Ok(Some(name.clone())),
        },
        None if !config.agents.is_empty() => forbidden(format!(
            "name the agent, by the path {}/NAME or the header X-Hypersieve-Agent",
            config.endpoint
        )),
        _ if !by_name => unauthorized("calls from other machines need an agent with a bearer token"),
        // Without any agents in the configuration a name is for the log only.
        _ => Ok(name),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Digests are compared, not tokens: how long that takes tells nothing about a token.
fn owner(config: &Config, token: &str) -> Option<String> {
    let digest = sha256(token.as_bytes());
    let mut agents = config.agents.iter();
    let owner = agents.find(|(_, agent)| agent.token.is_some_and(|token| token.ct_eq(&digest).into()));
    owner.map(|(name, _)| name.clone())
}

/// Refuses what a web page may have sent: a name that was made to point here, or a page's origin.
///
/// # Errors
/// If `Host` or `Origin` is neither the loopback interface nor configured.
pub(crate) fn check_origin(config: &Config, headers: &HeaderMap) -> Result<(), Refused> {
    let forbidden = |message: String| Err(Refused::new(StatusCode::FORBIDDEN, message));
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    // An address is no name that somebody could point elsewhere.
    let known = |name: &str| {
        name.eq_ignore_ascii_case("localhost") || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
    };
    let listed =
        |list: &[String], value: &str| list.iter().any(|allowed| allowed.eq_ignore_ascii_case(value));
    if hosts.next().is_some()
        || !(known(without_port(host))
            || listed(&config.allowed_hosts, host)
            || listed(&config.allowed_hosts, without_port(host)))
    {
        return forbidden(format!("the host {host:?} is not in gateway.allowed_hosts"));
    }
    for origin in headers.get_all(ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        let name =
            origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).map(without_port);
        let local = name.is_some_and(|name| {
            name.eq_ignore_ascii_case("localhost")
                || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        });
        if !local && !listed(&config.allowed_origins, origin) {
            return forbidden(format!("the origin {origin:?} is not in gateway.allowed_origins"));
        }
    }
    Ok(())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AgentConfig;

    const TOKEN: &str = "a-token-for-tests";

    fn config(agents: &[(&str, bool)]) -> Config {
        let mut config = Config::new(Vec::new());
        for (name, with_token) in agents {
            let token = with_token.then(|| sha256(TOKEN.as_bytes()));
            config.agents.insert(name.to_string(), AgentConfig { token, ..AgentConfig::default() });
        }
        config
    }

    fn headers(headers: &[(&'static str, &str)]) -> HeaderMap {
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn names_are_believed_only_where_the_configuration_says_so() {
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let there: IpAddr = "192.0.2.7".parse().unwrap();
        let bearer = format!("Bearer {TOKEN}");
        let named = ("x-hypersieve-agent", "a");
        let (none, open, closed) =
            (config(&[]), config(&[("a", false)]), config(&[("a", true), ("b", false)]));
        let mut by_token = open.clone();
        by_token.agent_trust = AgentTrust::Token;
        for (config, peer, path, given, expected) in [
            (&none, here, None, vec![], Ok(None)),
            (&none, here, Some("x"), vec![], Ok(Some("x"))),
            (&none, there, None, vec![], Err(401)),
            (&open, here, Some("a"), vec![], Ok(Some("a"))),
            (&open, here, None, vec![("x-oktsec-agent", "a")], Ok(Some("a"))),
            (&open, here, Some("b"), vec![named], Err(400)),
            (&open, here, Some("b"), vec![], Err(403)),
            (&open, here, None, vec![], Err(403)),
            (&open, there, Some("a"), vec![], Err(401)),
            (&by_token, here, Some("a"), vec![], Err(401)),
            (&closed, here, Some("a"), vec![], Err(401)),
            (&closed, there, None, vec![("authorization", bearer.as_str())], Ok(Some("a"))),
            (&closed, there, Some("b"), vec![("authorization", bearer.as_str())], Err(403)),
            (&closed, here, Some("a"), vec![("authorization", "Bearer wrong")], Err(401)),
        ] {
            let found = agent(config, &Tokens::default(), peer, path, &headers(&given));
            let found = found.map_err(|refused| refused.status.as_u16());
            assert_eq!(
                found,
                expected.map(|name: Option<&str>| name.map(str::to_string)),
                "{peer} {path:?} {given:?}"
            );
        }
    }

    #[test]
    fn issued_tokens_stand_beside_configured_ones() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::new(Some(folder.path()));
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let config = config(&[("a", true), ("b", false)]);
        let who = |path: Option<&str>, token: Option<&str>| {
            let value = token.map(|token| format!("Bearer {token}"));
            let given: Vec<_> = value.iter().map(|value| ("authorization", value.as_str())).collect();
            agent(&config, &tokens, here, path, &headers(&given)).map_err(|refused| refused.status.as_u16())
        };
        let file = crate::tokens::TokenFile::in_folder(folder.path());
        assert_eq!(who(Some("b"), None), Ok(Some("b".into())), "no token yet");
        let (issued, token) = file.add("b").unwrap();
        let (_, other) = file.add("gone").unwrap();
        assert_eq!(who(None, Some(&token)), Ok(Some("b".into())));
        assert_eq!(who(Some("b"), Some(&token)), Ok(Some("b".into())));
        assert_eq!(who(Some("a"), Some(&token)), Err(403));
        assert_eq!(who(None, Some(&other)), Err(403), "its agent is not configured");
        assert_eq!(who(Some("b"), None), Err(401), "from now on the name alone is not believed");
        assert_eq!(who(None, Some(TOKEN)), Ok(Some("a".into())), "the configured one still works");
        file.revoke(&issued.id).unwrap();
        assert_eq!(who(None, Some(&token)), Err(401));
        assert_eq!(who(Some("b"), Some(&token)), Err(401));
        assert_eq!(who(Some("b"), None), Err(401));
        std::fs::write(folder.path().join("tokens.json"), "{").unwrap();
        assert_eq!(who(Some("b"), None), Err(503));
    }

    #[test]
    fn pages_and_pointed_names_are_refused() {
        let mut config = config(&[]);
        for (host, origin, fine) in [
            ("127.0.0.1:9090", None, true),
            ("localhost", None, true),
            ("[::1]:9090", None, true),
            ("evil.example.com:9090", None, false),
            ("localhost:9090", Some("http://localhost:3000"), true),
            ("localhost:9090", Some("http://evil.example.com"), false),
            ("localhost:9090", Some("null"), false),
            ("localhost:9090", Some("http://localhost.example.com"), false),
            ("gateway.example.com", Some("https://app.example.com"), false),
        ] {
            let mut given = vec![("host", host)];
            given.extend(origin.map(|origin| ("origin", origin)));
            assert_eq!(check_origin(&config, &headers(&given)).is_ok(), fine, "{host} {origin:?}");
        }
        config.allowed_hosts.push("gateway.example.com".into());
        config.allowed_origins.push("https://app.example.com".into());
        let given = headers(&[("host", "gateway.example.com:443"), ("origin", "https://app.example.com")]);
        assert_eq!(check_origin(&config, &given), Ok(()));
    }
}
