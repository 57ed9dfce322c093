//! The browser used for testing pages: it must detect errors, otherwise tests with it prove nothing.

use crate::browser::Page;

fn page(html: &str) -> (tempfile::TempDir, Page) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("page.html");
    std::fs::write(&path, html).expect("written");
    let page = Page::open_file(&path);
    (folder, page)
}

#[test]
fn keys_the_mouse_and_fingers_reach_the_page() {
    let (_folder, mut page) = page(
        "<!doctype html><title>t</title><style>body{margin:0}#p{width:300px;height:200px;touch-action:none}</style>\
         <div id=p></div><input type=checkbox id=box><script>window.seen=[];\
         for (const kind of ['pointerdown','pointermove','pointerup']) p.addEventListener(kind, e => \
         seen.push([kind, e.pointerType, Math.round(e.clientX)].join(' ')))</script>",
    );
    page.press("Tab");
    assert_eq!(page.eval("document.activeElement.id"), "box");
    page.press(" ");
    assert_eq!(page.eval("box.checked"), true);
    page.press("Shift+Tab");
    assert_eq!(page.eval("document.activeElement.tagName"), "BODY");
    page.drag(&[(10.0, 10.0), (60.0, 20.0)]);
    let seen = page.eval("seen.splice(0).join()");
    assert_eq!(seen, "pointermove mouse 10,pointerdown mouse 10,pointermove mouse 60,pointerup mouse 60");
    page.size(400, 700, 2.0);
    page.touch_drag(&[(10.0, 10.0), (90.0, 20.0)]);
    let seen = page.eval("seen.join()");
    assert!(seen.as_str().is_some_and(|seen| seen.starts_with("pointerdown touch 10,")), "{seen}");
}

#[test]
fn requests_errors_and_blocked_addresses_are_seen() {
    let (folder, mut page) = page(
        "<!doctype html><title>t</title><img src='http://example.org/a.png'><script>console.log('hello'); \
         nothing.there()</script>",
    );
    let requests = page.requests();
    let outward = requests.iter().find(|request| request.url.contains("example.org")).expect("seen");
    assert_eq!(outward.failed.as_deref(), Some("net::ERR_NAME_NOT_RESOLVED"));
    let messages = page.messages().join("\n");
    assert!(messages.contains("hello") && messages.contains("nothing is not defined"), "{messages}");
    let (png, pdf) = (folder.path().join("page.png"), folder.path().join("page.pdf"));
    page.screenshot(&png);
    page.pdf(&pdf, crate::browser::A4);
    assert!(std::fs::read(png).expect("there").starts_with(b"\x89PNG"));
    assert!(std::fs::read(pdf).expect("there").starts_with(b"%PDF"));
}
