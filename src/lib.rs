//! Kubelet metrics for Telegraf.

pub mod config;
