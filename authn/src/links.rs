//! `Links`: the providers of a chain, of which the first one that applies serves.

mod managed;
mod serving;
mod walk;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

#[cfg(feature = "reqwest")]
use crate::http::ClientIdentity;
use crate::{
    Bound, Context, Credentials, Error, ErrorKind, Managed, Placement, Reaction, Request,
    ResponseHead, Result, Show, Status, Token, Used, View,
    options::{NestedProvider, Node, Shape},
    provider::Applies,
};
use serving::Serving;
use walk::Walk;

/// The providers of a chain: what the provider `chain` consists of.
///
/// A provider that is not applicable is passed over; any other failure is that of the chain. The provider that has served is
/// asked first the next time, until it fails. A provider whose token belongs to the request being served is asked each time,
/// or a request with a user's token could be sent with another one.
#[doc(hidden)]
pub struct Links {
    all: Vec<Bound>,
    /// The same with the place of the token that is set for all of them.
    placed: OnceLock<Vec<Bound>>,
    serving: Arc<Serving>,
}

/// One provider of a chain, as it is read.
struct Link(Credentials);

impl Links {
    fn of(all: Vec<Bound>, serving: Arc<Serving>) -> Self {
        Self { all, placed: OnceLock::new(), serving }
    }

    fn now(&self) -> &[Bound] {
        self.placed.get().unwrap_or(&self.all)
    }

    fn walk(&self) -> Walk<'_> {
        Walk::new(self.now(), &self.serving)
    }

    /// Returns whether there is no provider.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the token of the first provider that applies.
    pub async fn token(&self) -> Result<Token> {
        let mut walk = self.walk();
        while let Some((index, link)) = walk.next().await {
            let result = link.token().await;
            if let Some(end) = walk.take(index, result) {
                return end;
            }
        }
        Err(walk.end())
    }

    /// Lets the first provider that applies authorise a request.
    pub async fn authorize(&self, request: &mut Request<'_>) -> Result<()> {
        let mut walk = self.walk();
        while let Some((index, link)) = walk.next().await {
            if request.with_placement(link.context.placement()).is_authorized() {
                // The caller's own credential says nothing of this provider.
                return link.authorize_waiting(request).await;
            }
            let before = request.enter_link(index);
            let result = match link.try_authorize(request) {
                Some(result) => result,
                None => link.authorize_waiting(request).await,
            };
            let result = match result {
                Err(refusal) if refusal.kind() == ErrorKind::Origin => {
                    Err(unless_absent(link, refusal).await)
                }
                result => result,
            };
            if !matches!(result, Ok(())) {
                request.leave_link(before);
            }
            if let Some(end) = walk.take(index, result) {
                return end;
            }
        }
        Err(walk.end())
    }

    /// Returns the provider that is asked first, if that one is known to apply.
    fn first(&self) -> Option<(usize, &Bound)> {
        let index = self.serving.get()?;
        let before = self.now().get(..index)?;
        let is_certain = before.iter().all(|link| !link.per_request);
        self.now().get(index).filter(|_| is_certain).map(|link| (index, link))
    }

    /// Returns the token if that needs no waiting.
    pub fn ready(&self) -> Option<Token> {
        self.at_hand()?.ready()
    }

    /// Returns the provider that is asked first without waiting: the one that has served, or one whose token belongs to the
    /// request being served.
    fn at_hand(&self) -> Option<&Bound> {
        if let Some((_, link)) = self.first() {
            return Some(link);
        }
        let known = self.serving.get().unwrap_or(0);
        let asked = |(index, link): &(usize, &Bound)| *index >= known || link.per_request;
        self.now().iter().enumerate().find(asked).map(|(_, link)| link)
    }

    /// Lets the provider that has served authorise a request, if that needs no waiting.
    pub fn try_authorize(&self, request: &mut Request<'_>) -> Option<Result<()>> {
        let (index, link) = self.first()?;
        let before = request.enter_link(index);
        if let Some(Ok(())) = link.try_authorize(request) {
            return Some(Ok(()));
        }
        // The next one may apply.
        request.leave_link(before);
        None
    }

    /// Returns the same providers for the scopes and the parameters of a context.
    #[must_use]
    pub fn scoped(&self, context: &Context) -> Self {
        let narrowed = self.now().iter().map(|link| link.narrowed(context)).collect();
        Self::of(narrowed, Arc::clone(&self.serving))
    }

    /// Returns the principal of the provider that has served, or of the first one if it needs no login.
    pub fn principal(&self) -> Option<String> {
        let known = self.serving.get().and_then(|index| self.now().get(index));
        let first = || self.now().first().filter(|link| !link.managed().needs_login());
        let link = known.or_else(first)?;
        link.provider.principal(&link.context)
    }

    /// Returns whether a token belongs to the request being served.
    pub fn is_per_request(&self) -> bool {
        self.all.iter().any(|link| link.per_request)
    }

    /// Returns the places of the credentials of all providers.
    pub fn placements(&self) -> Vec<Placement> {
        self.now().iter().flat_map(Bound::placements).collect()
    }

    /// Lets the provider that has authorised a request react to its answer.
    pub fn response(&self, head: &ResponseHead<'_>, used: &Used) -> Reaction {
        let of_link = |link: &Bound, used: &Used| link.response(head, used);
        self.of_used(used, of_link).unwrap_or_default()
    }

    /// Returns the certificate that the client shows with a token.
    #[cfg(feature = "reqwest")]
    pub fn client_identity(&self, used: &Used) -> Option<ClientIdentity> {
        self.of_used(used, Bound::client_identity)?
    }

    /// Calls a function with the provider that has authorised a request, or else with the one that has served.
    fn of_used<T>(&self, used: &Used, call: impl FnOnce(&Bound, &Used) -> T) -> Option<T> {
        match used.of_link() {
            Some((index, used)) => self.now().get(index).map(|link| call(link, &used)),
            None => self.now().get(self.serving.get()?).map(|link| call(link, used)),
        }
    }

    /// Returns the session functions of the chain.
    pub fn managed(&self) -> &dyn Managed {
        self
    }

    /// Returns which provider serves, and its status, without any network; `None` if none applies.
    ///
    /// If only an exchange shows whether a provider applies, a later one with a stored token is the one that serves: a program
    /// has got that because the earlier ones did not apply.
    async fn expected(&self) -> Result<Option<(usize, Status)>> {
        let known = self.serving.get();
        for known in known.into_iter().map(Some).chain([None]) {
            let mut undecided = None;
            for (index, link) in self.now().iter().enumerate() {
                if known.is_some_and(|known| index < known) && !link.per_request {
                    continue;
                }
                match link.check_presence().await {
                    Err(error) if error.is_not_applicable() => continue,
                    presence => presence?,
                }
                let applies = link.managed().applies(&link.context);
                if let Applies::No(_) = applies {
                    continue;
                }
                let status = link.status().await?;
                let managed = link.managed();
                let can_serve = match managed.links() {
                    links if !links.is_empty() => status.served_by.is_some(),
                    _ => !link.per_request && !managed.needs_login(),
                };
                let has_credential =
                    status.has_session || status.has_ended || status.is_authenticated();
                let is_stored = status.store.as_deref().is_some_and(|store| store != "memory");
                match applies {
                    _ if has_credential && (undecided.is_none() || is_stored) => {
                        return Ok(Some((index, status)));
                    }
                    _ if !can_serve || undecided.is_some() => {}
                    Applies::Depends(_) if known.is_none() => undecided = Some((index, status)),
                    _ => return Ok(Some((index, status))),
                }
            }
            if undecided.is_some() {
                return Ok(undecided);
            }
        }
        Ok(None)
    }
}

impl NestedProvider for Link {
    fn read(node: Node<'_>) -> Option<Self> {
        node.built_as_link().map(Self)
    }

    fn shape() -> Shape {
        Credentials::shape()
    }
}

impl NestedProvider for Links {
    fn read(node: Node<'_>) -> Option<Self> {
        let links = node.list(Link::read)?;
        let all = links.into_iter().map(|Link(credentials)| credentials.bound().clone()).collect();
        Some(Self::of(all, Arc::default()))
    }

    fn shape() -> Shape {
        Vec::<Link>::shape()
    }
}

impl Show for Links {
    fn show(&self) -> View {
        View::List(self.all.iter().map(|link| View::Text(format!("{:?}", link.provider))).collect())
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|link| &link.provider)).finish()
    }
}

/// Returns the refusal of an origin, or that the provider does not apply. One that is bound to no origin, in a chain
/// where another discovers origins, has no say in a request if it has no token.
async fn unless_absent(link: &Bound, refusal: Error) -> Error {
    let is_unbound = link.context.origins().is_empty() && !link.discovers_origins();
    if !is_unbound || !link.managed().links().is_empty() {
        return refusal;
    }
    match link.token().await {
        Err(error) if error.is_not_applicable() => error,
        _ => refusal,
    }
}
