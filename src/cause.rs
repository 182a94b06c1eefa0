//! What became of a question in a word and a number, whoever was asked.
//!
//! Knows nobody. Which failures are of which cause, and what each means there, is said where somebody is asked.

/// Makes of each row a cause: its number and its word.
macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident = $code:literal, $word:literal;)*) => {
        /// An outcome in a word and a number, as Telegraf's `inputs.http_response` has them. Part of the interface: a
        /// number is never used again for something else.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Cause {
            $($(#[$doc])* $cause = $code,)*
        }

        impl Cause {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$cause,)*];

            /// The tag `result`.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$cause => $word,)* }
            }
        }
    };
}

causes! {
    /// The answer came.
    Success = 0, "success";
    /// Nobody answers at that address and port, or we cannot reach out.
    ConnectionFailed = 1, "connection_failed";
    /// No whole answer before the deadline.
    Timeout = 2, "timeout";
    /// The serving certificate is not believed, or there was no handshake.
    Tls = 3, "tls";
    /// 401: token or certificate are not known, or nobody can be asked about them.
    Unauthorized = 4, "unauthorized";
    /// 403: known, and not allowed.
    Forbidden = 5, "forbidden";
    /// Who is asked is starting, restarting or in trouble.
    NotReady = 6, "not_ready";
    /// An answer that is none to what was asked.
    BadAnswer = 7, "bad_answer";
    /// There is no token or certificate to show, or no CA to verify with.
    Credential = 8, "credential";
    /// Who is asked cannot ask the API server whether we may.
    ApiServerUnreachable = 9, "api_server_unreachable";
    /// A good answer, of somebody else than we wanted to ask.
    WrongNode = 10, "wrong_node";
    /// There is nowhere to ask.
    NoAddress = 11, "no_address";
}

impl Cause {
    /// The field `result_code`.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}
