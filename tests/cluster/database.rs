//! An `InfluxDB` 1.x in a pod of the cluster.

use crate::images;
use crate::machine::Cluster;
use crate::support::database::Database;

const POD: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: influxdb}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: influxdb
      image: localhost/influxdb:1
      imagePullPolicy: Never
      env: [{name: HOME, value: /data}, {name: INFLUXDB_REPORTING_DISABLED, value: "true"}]
      readinessProbe:
        httpGet: {path: /ping, port: 8086}
        periodSeconds: 1
      volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, emptyDir: {sizeLimit: 1Gi}}]
"#;

/// The running pod.
pub struct Influx<'c> {
    /// Where it runs.
    pub cluster: &'c Cluster,
    /// Where it answers, for pods as well.
    pub url: String,
}

impl<'c> Influx<'c> {
    /// Starts it, if it does not run yet.
    pub fn start(cluster: &'c Cluster) -> Self {
        images::influxdb(cluster);
        cluster.apply(POD);
        cluster.kubectl(&["wait", "pod/influxdb", "--for=condition=Ready", "--timeout=60s"]);
        let address = cluster.kubectl(&["get", "pod/influxdb", "-o", "jsonpath={.status.podIP}"]);
        Self {
            cluster,
            url: format!("http://{address}:8086"),
        }
    }
}

impl Database for Influx<'_> {
    fn get(&self, path: &str) -> String {
        self.cluster
            .sh(&format!("busybox wget -qO- '{}{path}'", self.url))
    }
}
