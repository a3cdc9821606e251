use super::*;
use crate::error::Code;

const JSON: &str = r#"{"Label":"1","ReservedCode1":"{\"a\":1}&<x>"}"#;
const BODY: &str = "<dc:title>A &amp; B</dc:title><!-- kept -->";

fn packet(head: &str, inside: &str) -> String {
    format!(
        "<?xpacket begin='\u{FEFF}' id='W5M0MpCehiHzreSzNTczkc9d'?>\n<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='{RDF}'>\n \
         <rdf:Description rdf:about='uuid:1' xmlns:dc='http://purl.org/dc/elements/1.1/' {head}>{inside}</rdf:Description>\n\
         </rdf:RDF></x:xmpmeta>   \n<?xpacket end='w'?>"
    )
}

fn values(text: &str, name: Name) -> Vec<String> {
    let packet = Packet::read(text.as_bytes()).unwrap();
    packet.properties.into_iter().filter(|property| property.name == name).map(|property| property.value).collect()
}

#[test]
fn a_property_is_added_and_every_other_byte_stays() {
    let old = packet("", BODY);
    let new = Packet::read(old.as_bytes()).unwrap().with(Some(JSON), Some("http://x/y")).unwrap();
    assert_eq!(values(&new, Name::Aigc), [JSON]);
    assert_eq!(values(&new, Name::DigitalSourceType), ["http://x/y"]);
    let start = new.find("<rdf:Description rdf:about=\"uuid:1\">").unwrap();
    let end = start + new[start..].find("</rdf:Description>").unwrap() + "</rdf:Description>".len();
    assert_eq!(format!("{}{}", &new[..start], &new[end..]), old);
}

#[test]
fn an_old_value_is_replaced_in_either_form_whatever_the_prefix() {
    let escaped = escape(r#"{"Label":"1"}"#, true);
    let attribute = packet(&format!("xmlns:q='{TC260}' q:AIGC='{escaped}'"), BODY);
    let element = packet(&format!("xmlns:q='{TC260}'"), &format!("{BODY}<q:AIGC>{escaped}</q:AIGC>"));
    for old in [attribute, element] {
        assert_eq!(values(&old, Name::Aigc), [r#"{"Label":"1"}"#]);
        let new = Packet::read(old.as_bytes()).unwrap().with(Some(JSON), None).unwrap();
        assert_eq!(values(&new, Name::Aigc), [JSON]);
        assert!(new.contains(BODY));
        let again = Packet::read(new.as_bytes()).unwrap().with(Some(JSON), None).unwrap();
        assert_eq!(again, new);
    }
}

#[test]
fn copies_become_one() {
    let one = "<q:AIGC>{}</q:AIGC>";
    let old = packet(&format!("xmlns:q='{TC260}' q:AIGC='{{}}'"), &format!("{one}{BODY}{one}"));
    assert_eq!(values(&old, Name::Aigc).len(), 3);
    let new = Packet::read(old.as_bytes()).unwrap().with(Some(JSON), None).unwrap();
    assert_eq!(values(&new, Name::Aigc), [JSON]);
}

#[test]
fn a_reference_a_cdata_and_a_foreign_namespace_are_read() {
    let inside = format!(
        "<i:DigitalSourceType xmlns:i='{IPTC}' rdf:resource='http://a/b'/><AIGC xmlns='urn:x'><![CDATA[{{\"a\":\"<&\"}}]]></AIGC>"
    );
    let old = packet("", &inside);
    assert_eq!(values(&old, Name::DigitalSourceType), ["http://a/b"]);
    assert_eq!(values(&old, Name::Aigc), ["{\"a\":\"<&\"}"]);
    let new = Packet::read(old.as_bytes()).unwrap().with(Some(JSON), Some("http://c/d")).unwrap();
    assert_eq!(values(&new, Name::DigitalSourceType), ["http://c/d"]);
    assert_eq!(values(&new, Name::Aigc), [JSON]);
}

#[test]
fn an_empty_rdf_and_an_empty_packet_are_filled() {
    let old = format!("<r:RDF xmlns:r='{RDF}'/>");
    let new = Packet::read(old.as_bytes()).unwrap().with(Some(JSON), None).unwrap();
    assert_eq!(values(&new, Name::Aigc), [JSON]);
    assert!(new.ends_with("</r:RDF>"));
    let new = Packet::read(b" \0").unwrap().with(Some(JSON), None).unwrap();
    assert_eq!(values(&new, Name::Aigc), [JSON]);
}

#[test]
fn what_is_bound_to_the_old_pixels_goes() {
    let old = packet(
        "xmlns:h='http://ns.adobe.com/hdr-gain-map/1.0/' h:Version='1.0' xmlns:xmp='http://ns.adobe.com/xap/1.0/'",
        &format!("<xmp:Thumbnails><rdf:Alt><rdf:li>/9j/</rdf:li></rdf:Alt></xmp:Thumbnails>{BODY}<xmp:Rating>5</xmp:Rating>"),
    );
    let new = Packet::read(old.as_bytes()).unwrap().unbound(false).unwrap().unwrap();
    assert!(!new.contains("/9j/") && !new.contains("h:Version") && new.contains(BODY) && new.contains("Rating"));
    assert!(Packet::read(new.as_bytes()).unwrap().unbound(false).unwrap().is_none());
}

#[test]
fn padding_makes_room() {
    let old = packet("", BODY);
    let padded = old.replace("   \n", &" ".repeat(1000));
    let fitted = fit(padded.clone(), old.len() + 10).unwrap();
    assert_eq!(fitted.len(), old.len() + 10);
    assert!(fit(padded, old.len() - 100).is_none());
}

#[test]
fn hostile_packets_are_refused() {
    let code = |bytes: &[u8]| Packet::read(bytes).err().map(|error| error.code);
    assert_eq!(code(b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"), Some(Code::Unsupported));
    assert_eq!(code(format!("<x><q:AIGC xmlns:q='{TC260}'>&bomb;</q:AIGC></x>").as_bytes()), Some(Code::Unsupported));
    assert_eq!(code("<a>".repeat(200).as_bytes()), Some(Code::Limit));
    assert_eq!(code(b"\xFE\xFF\0<\0a"), Some(Code::Unsupported));
    for text in
        ["<a><b></a></b>", "<a", "<a b>", "<a b=c/>", "garbage", "<a>", "</a>", "<a b='<'/>", "<a/>x", "<!--", "<a b='1'c='2'/>"]
    {
        assert_eq!(code(text.as_bytes()), Some(Code::Broken), "{text}");
    }
    assert_eq!(code(b"<a>\xFF</a>"), Some(Code::Broken));
    let rootless = Packet::read(b"<a/>").unwrap();
    assert!(rootless.properties.is_empty() && rootless.with(Some("{}"), None).is_err());
}
