//! Where a process comes in that can't inherit its socket.

use std::fs;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A socket in a folder of its own, which only this user may enter.
pub struct Door {
    pub listener: AsyncFd<UnixListener>,
    folder: PathBuf,
}

impl Door {
    /// Also tells where it is.
    pub fn open() -> io::Result<(Self, PathBuf)> {
        let mut template = std::env::temp_dir().join("slipway-XXXXXX").into_os_string().into_encoded_bytes();
        template.push(0);
        // SAFETY: the template ends with a zero, and is changed in place.
        let made = unsafe { !libc::mkdtemp(template.as_mut_ptr().cast()).is_null() };
        if !made {
            return Err(io::Error::last_os_error());
        }
        template.pop();
        let folder = PathBuf::from(String::from_utf8_lossy(&template).into_owned());
        let path = folder.join("socket");
        let listener = UnixListener::bind(&path)?;
        listener.set_nonblocking(true)?;
        // SAFETY: a socket stays what it is for as long as it is registered.
        let listener = unsafe { AsyncFd::register_with_interest(listener, Interest::READABLE) }?;
        Ok((Self { listener, folder }, path))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
