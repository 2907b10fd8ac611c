//! `Resolver`: the addresses that may be connected to. A connection that is not encrypted stays on this machine, also if
//! a cluster names another address.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use redis::{RedisFuture, io::AsyncDNSResolver};

/// Resolves the names of servers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolver {
    pub(super) is_encrypted: bool,
}

impl Resolver {
    async fn addresses(self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        // Whatever the system resolves it to.
        if host.eq_ignore_ascii_case("localhost") {
            return Ok(vec![
                (Ipv4Addr::LOCALHOST, port).into(),
                (Ipv6Addr::LOCALHOST, port).into(),
            ]);
        }
        let found = tokio::net::lookup_host((host, port)).await;
        let found = found.map_err(|_| io::Error::from(io::ErrorKind::HostUnreachable))?;
        let mut addresses: Vec<_> = found.collect();
        if addresses.is_empty() {
            return Err(io::ErrorKind::HostUnreachable.into());
        }
        addresses.retain(|address| self.is_encrypted || address.ip().is_loopback());
        if addresses.is_empty() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(addresses)
    }
}

impl AsyncDNSResolver for Resolver {
    fn resolve<'a, 'b: 'a>(
        &'a self,
        host: &'b str,
        port: u16,
    ) -> RedisFuture<'a, Box<dyn Iterator<Item = SocketAddr> + Send + 'a>> {
        Box::pin(async move {
            let addresses = self.addresses(host, port).await?;
            Ok(Box::new(addresses.into_iter()) as Box<dyn Iterator<Item = _> + Send>)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_encrypted_stays_on_this_machine() {
        let resolved = |is_encrypted, host| async move {
            let found = Resolver { is_encrypted }.addresses(host, 1).await;
            found.map(|found| found.len()).map_err(|error| error.kind())
        };
        assert_eq!(resolved(false, "127.0.0.1").await, Ok(1));
        assert_eq!(resolved(false, "::1").await, Ok(1));
        assert_eq!(resolved(false, "localhost").await, Ok(2));
        assert_eq!(resolved(false, "192.0.2.1").await, Err(io::ErrorKind::PermissionDenied));
        assert_eq!(resolved(true, "192.0.2.1").await, Ok(1));
    }
}
