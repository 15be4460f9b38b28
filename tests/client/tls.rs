//! Certificates, trusted and not. Those in the folder `tls` are for `localhost` and 127.0.0.1, by a root of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dotdigital_faults::{ErrorKind, Protocol};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::helpers::ID;
use crate::helpers::server::*;

const ROOT: &[u8] = include_bytes!("tls/ca.pem");

/// Answers every request with the report, and counts connections.
async fn serve() -> (u16, Arc<AtomicUsize>) {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 4096]).await;
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{REPORT}", REPORT.len());
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        }
    });
    (port, connections)
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted() {
    let (port, connections) = serve().await;
    let endpoint = format!("https://localhost:{port}");
    let client = builder().protocol(Protocol::Rest).endpoint(endpoint).build().unwrap();
    let error = client.report_faults(ID).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Untrusted, Some(1)), "{error}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    assert!(error.is_unavailable());
    assert_no_secret(&everything(&error));
}

#[tokio::test]
async fn one_whose_root_was_given() {
    let (port, _) = serve().await;
    for host in ["localhost", "127.0.0.1"] {
        let builder = builder().protocol(Protocol::Rest).root_certificates(ROOT);
        let client = builder.endpoint(format!("https://{host}:{port}")).build().unwrap();
        assert_eq!(client.report_faults(ID).await.unwrap().len(), 3, "{host}");
    }
}

#[tokio::test]
async fn one_for_another_name() {
    let (port, connections) = serve().await;
    let builder = builder().protocol(Protocol::Rest).root_certificates(ROOT);
    let client = builder.endpoint(format!("https://127.0.0.2:{port}")).build().unwrap();
    let error = client.report_faults(ID).await.unwrap_err();
    // Nothing listens at that address, on some systems.
    if connections.load(Ordering::SeqCst) > 0 {
        assert_eq!(error.kind(), ErrorKind::Untrusted, "{error}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            // Until the other side has read it: closing before would reset it.
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    let error = builder().endpoint(endpoint).build().unwrap().report_faults(ID).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Untrusted, Some(1)), "{error}");
}
