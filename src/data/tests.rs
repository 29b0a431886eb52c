use serde_json::json;

use super::template::{data_url, escaped, fill, names};
use super::*;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/data/tables/{name}")).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn table(text: &str) -> Table {
    Table::read(text.as_bytes(), None).unwrap_or_else(|found| panic!("{text}: {found:?}"))
}

fn problems(bytes: &[u8]) -> Vec<(String, String)> {
    let found = Table::read(bytes, None).expect_err("it is refused");
    found.into_iter().map(|one| (one.code, one.message)).collect()
}

/// By `tests/oracles/data.py`.
#[test]
fn tables_are_read_as_python_reads_them() {
    let expected: Value = serde_json::from_slice(&file("expected.json")).unwrap();
    let expected = expected.as_object().unwrap();
    assert_eq!(expected.len(), 16);
    for (name, table) in expected {
        let read = Table::read(&file(name), None).unwrap_or_else(|found| panic!("{name}: {found:?}"));
        let header: Vec<_> = read.columns.iter().map(|column| column.header.as_str()).collect();
        assert_eq!((json!(header), json!(read.rows)), (table["header"].clone(), table["rows"].clone()), "{name}");
    }
}

#[test]
fn columns_have_names_of_their_own() {
    let read = table("Price (€),@Photo 1,photo-1,,größe,PRICE_€\n1,2,3,4,5,6\n");
    let columns: Vec<_> = read.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["price-€", "photo-1", "photo-1-2", "column-4", "größe", "price-€-2"]);
    assert!(read.columns.iter().all(|column| column.is_picture == (column.header == "@Photo 1")));
    let row = read.row(0);
    let values = ["price-€", "Price (€)", "photo_1", "@Photo 1", "column-4", "größe"].map(|name| row.get(name));
    assert_eq!(values, ["1", "1", "2", "2", "4", "5"].map(Some));
    assert_eq!((row.get("grÖße"), row.get("colour")), (None, None), "case is ignored in A–Z only");
    assert_eq!((read.column("PHOTO 1"), read.column("photo")), (Some(1), None));
}

#[test]
fn rows_are_called_by_their_first_value() {
    let read = table("name,other\nOak/old,x\n,y\n,\n");
    assert_eq!([0, 1, 2].map(|index| read.row(index).name()), ["Oak-old", "y", "row-3"]);
    assert_eq!(read.row(2).number, 3);
    let text = serde_json::to_string(&read.row(0)).unwrap();
    assert_eq!(text, r#"{"number":1,"values":{"name":"Oak/old","other":"x"}}"#);
    assert_eq!(serde_json::from_str::<Row>(&text).unwrap(), read.row(0));
}

#[test]
fn what_is_wrong_is_said_with_its_row() {
    for (text, code, message) in [
        ("", "no_rows", "The data file has no rows."),
        ("a,b\n", "no_rows", "The data file has no rows."),
        ("a,b\n1,2\n1,2,3\n", "ragged_row", "Row 2 has 3 values, but there are 2 columns."),
        ("a,b\n1,2\n1,\"2\n3,4\n", "unclosed_quote", "Row 2 (line 3) has a quotation mark that is not closed."),
        ("[1]", "unreadable_data", "Entry 1 is not like the first one."),
        ("{}", "unreadable_data", "The data file is not a list."),
        ("[{\"a\":1},[2]]", "unreadable_data", "Entry 2 is not like the first one."),
        ("PK\x03\x04", "unreadable_data", "The data file is a spreadsheet or an archive."),
    ] {
        assert_eq!(problems(text.as_bytes()), [(code.to_owned(), message.to_owned())], "{text}");
    }
    assert_eq!(problems(b"a\0\0\0b\0")[0].1, "The data file is not a text.");
    assert_eq!(problems(b"\xff\xfea\0\0\xd8")[0].1, "The data file is not valid UTF-16.");
    assert_eq!(problems(b"\xef\xbb\xbfa\xff")[0].1, "The data file is not valid UTF-8, as which it is marked.");
    assert!(problems(b"[{")[0].1.starts_with("The data file is not valid JSON: "));
}

#[test]
fn rows_columns_and_bytes_are_limited() {
    let rows = |count: usize| format!("a,b\n{}", "1,2\n".repeat(count));
    assert_eq!(table(&rows(MOST_ROWS)).rows.len(), 10_000);
    assert_eq!(problems(rows(MOST_ROWS + 1).as_bytes())[0].1, "The data file has 10001 rows, and 10,000 is the most.");
    let wide = |count: usize| format!("{}\n1\n", vec!["a"; count].join(","));
    assert_eq!(table(&wide(MOST_COLUMNS)).columns[499].name, "a-500");
    assert_eq!(problems(wide(501).as_bytes())[0].1, "The data file has 501 columns, and 500 is the most.");
    assert_eq!(problems(&vec![b'a'; MOST_BYTES + 1])[0].1, "The data file is larger than 16 MiB.");
    let ragged = format!("a\n{}", "1,2\n".repeat(MOST_FOUND + 5));
    let found = problems(ragged.as_bytes());
    assert_eq!((found.len(), found[MOST_FOUND].1.as_str()), (MOST_FOUND + 1, "The same is wrong with 5 more."));
}

#[test]
fn a_delimiter_may_be_given() {
    let read = Table::read(b"a;b,c\n1;2,3\n", Some(Delimiter::Semicolon)).unwrap();
    assert_eq!(read.rows, [["1", "2,3"]]);
    let read = Table::read(b"[a],b\n1,2\n", Some(Delimiter::Comma)).unwrap();
    assert_eq!(read.columns.len(), 2, "and then it is no JSON");
}

#[test]
fn templates_are_filled_in_as_text() {
    let template = "<text fill='{{ color }}'>{{title}} & {{title}}</text>{{";
    assert_eq!(names(template), ["color", "title", "title"]);
    let filled = fill(template, |name| match name {
        "color" => Ok::<_, String>("#f00".to_owned()),
        name => Ok(escaped(&format!("<{name}> \"&\" '\u{1}'"))),
    });
    let title = "&lt;title&gt; &quot;&amp;&quot; &#39;&#39;";
    assert_eq!(filled, Ok(format!("<text fill='#f00'>{title} & {title}</text>{{{{")));
    assert_eq!(fill("{{a}}{{b}}", |name| Err::<String, _>(name.to_owned())), Err("a".to_owned()));
}

/// By RFC 4648, section 10.
#[test]
fn files_become_data_urls() {
    for (text, digits) in
        [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
    {
        assert_eq!(data_url("image/png", text.as_bytes()), format!("data:image/png;base64,{digits}"));
    }
    assert_eq!(data_url("a/b", &[0xfb, 0xff, 0xbf]), "data:a/b;base64,+/+/");
}
