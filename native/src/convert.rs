//! What crosses to JavaScript: the core's error with its code, and work that leaves the JavaScript thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard};

use countermark_core::error::{Error as CoreError, Result as CoreResult};

use crate::paths::Failed;
use napi::bindgen_prelude::AsyncTask;
use napi::{Env, Error, JsError, Task};

/// What a synchronous export returns: napi writes the status into `error.code`. (Its macro knows a fallible function by
/// the name `Result`.)
pub type Result<T> = napi::Result<T, &'static str>;

/// Code and message of a failure, free of any tie to a JavaScript thread.
pub struct Failure {
    code: &'static str,
    message: String,
}

impl From<CoreError> for Failure {
    fn from(error: CoreError) -> Self {
        Self { code: error.code.as_str(), message: error.to_string() }
    }
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Core(error) => error.into(),
            Failed::System(path, error) => Self { code: "ERR_IO", message: format!("{}: {error}", path.display()) },
        }
    }
}

/// Runs `work` so that neither an error nor a defect of the core ends the process.
fn guarded<T, E: Into<Failure>>(work: impl FnOnce() -> std::result::Result<T, E>) -> std::result::Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Failure {
            code: "ERR_INTERNAL",
            message: "Countermark has a defect that this input shows. Please report it with the input.".to_owned(),
        }),
    }
}

/// For cheap work: runs it on the JavaScript thread and throws an `Error` with a `code`.
pub fn now<T>(work: impl FnOnce() -> CoreResult<T>) -> Result<T> {
    guarded(work).map_err(|failure| Error::new(failure.code, failure.message))
}

/// Work for the thread pool. It owns what it touches, and gives a JSON text.
pub struct Job(Option<Box<dyn FnOnce() -> std::result::Result<String, Failure> + Send>>);

/// For work of more than a millisecond: runs it on the thread pool and gives a promise.
///
/// A `Buffer` that `work` owns is the caller's memory, not a copy: where the core changes samples it changes the
/// caller's, on the pool's thread. The caller must not touch the buffer until the promise settles.
pub fn later<E: Into<Failure>>(work: impl FnOnce() -> std::result::Result<String, E> + Send + 'static) -> AsyncTask<Job> {
    AsyncTask::new(Job(Some(Box::new(move || work().map_err(Into::into)))))
}

impl Task for Job {
    type Output = std::result::Result<String, Failure>;
    type JsValue = String;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let work = self.0.take().ok_or_else(|| Error::from_reason("a job runs once"))?;
        Ok(guarded(work))
    }

    fn resolve(&mut self, env: Env, output: Self::Output) -> napi::Result<String> {
        // A task can only reject with napi's own codes, so the error object with ours is made here.
        output.map_err(|failure| JsError::from(Error::new(failure.code, failure.message)).into_unknown(env).into())
    }
}

/// A film's state, which frames change one after the other, each on a thread of the pool.
pub struct Film<T>(Arc<Mutex<T>>);

impl<T: Send + 'static> Film<T> {
    pub fn new(state: T) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// Work on the state for the thread pool.
    pub fn later(&self, work: impl FnOnce(&mut T) -> CoreResult<String> + Send + 'static) -> AsyncTask<Job> {
        let state = self.0.clone();
        later(move || work(&mut *locked(&state)?))
    }

    /// Work on the state that is done at once.
    pub fn now<R>(&self, work: impl FnOnce(&mut T) -> CoreResult<R>) -> Result<R> {
        now(|| work(&mut *locked(&self.0)?))
    }
}

/// A defect while the state was changed leaves it half changed.
fn locked<T>(state: &Mutex<T>) -> CoreResult<MutexGuard<'_, T>> {
    state.lock().map_err(|_| CoreError::parameter("an earlier frame of this film failed: start again"))
}
