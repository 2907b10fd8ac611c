//! kubectl, with an API server that it reaches by TLS.

use authn_tests::tools::{access::Access, kubernetes::Cluster, server::Server};

use crate::{
    guide::{Section, Tool},
    scene::Scene,
};

pub(crate) const SECTION: Section = Section("kubectl");

/// Writes the user's kubeconfig, with these clusters.
fn know(scene: &Scene, clusters: &[(&str, &str)]) {
    let ca = scene.rig.ca();
    let cluster = |(name, server): &(&str, &str)| {
        format!(
            "- cluster:\n    certificate-authority: {}\n    server: {server}\n  name: {name}\n",
            ca.display()
        )
    };
    let clusters: String = clusters.iter().map(cluster).collect();
    let text = format!("apiVersion: v1\nkind: Config\nclusters:\n{clusters}");
    scene.sandbox.file(scene.sandbox.home().join(".kube/config"), text);
}

#[test]
fn it_lists_pods_with_the_token_and_shows_it_to_no_other_cluster() {
    let scene = Scene::new();
    let access = Access::bearer(&scene.token());
    let [server, foreign] =
        [(); 2].map(|()| Server::start_tls(Cluster::new(access.clone()), &scene.rig));
    know(&scene, &[("prod", &server.url()), ("foreign", &foreign.url())]);
    scene.configure(&[&server.url()]);
    if !scene.has("kubectl", &["version", "--client"]) {
        SECTION.run(&scene, Tool::Absent, &[]);
        return;
    }
    let outcome = SECTION.run(&scene, Tool::Present, &[]);
    assert!(outcome.stdout.contains("things-0"), "{outcome:?}");
    let pods = "GET /api/v1/namespaces/default/pods?limit=500".to_owned();
    assert!(server.authorized().contains(&pods), "{:?}", server.authorized());
    assert_eq!(server.authorized(), server.requests(), "kubectl asks the helper first");
    access.assert_only_at(&server, None);

    let refused = scene.shell(
        "kubectl config set-context foreign --cluster=foreign --user=authn\n\
         kubectl --context foreign get --raw /version",
    );
    assert!(refused.stderr.contains("no profile is for this cluster"), "{refused:?}");
    assert_eq!(foreign.authorized(), [""; 0]);
    scene.assert_secrecy(&[&outcome, &refused]);
    assert_eq!(scene.rig.count(&[("endpoint", "token")]), 1);
}

/// Older plugins and clients use the interface `v1beta1`.
#[test]
fn the_older_interface_works_too() {
    let scene = Scene::new();
    let access = Access::bearer(&scene.token());
    let server = Server::start_tls(Cluster::new(access.clone()), &scene.rig);
    know(&scene, &[("prod", &server.url())]);
    scene.configure(&[&server.url()]);
    scene.shell("authn setup kubectl --yes").success();
    if !scene.has("kubectl", &["version", "--client"]) {
        return;
    }
    let outcome = scene.shell(
        "sed -i s,authentication.k8s.io/v1,authentication.k8s.io/v1beta1, ~/.kube/config\n\
         grep -q v1beta1 ~/.kube/config\nkubectl --context prod-authn get pods -o name",
    );
    assert_eq!(outcome.stdout, "pod/things-0\n", "{outcome:?}");
    access.assert_only_at(&server, None);
    scene.assert_secrecy(&[&outcome]);
}
