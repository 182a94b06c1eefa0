//! Kubelet metrics for Telegraf.
