//! How a change-log row says what a commit touched: per item a tag (0 key, 1 range), then each of its byte strings
//! behind its length as a big-endian `u32`.

use crate::{Op, Range, StoreError, Touched};

pub(super) fn write(ops: &[Op]) -> Vec<u8> {
    let mut out = Vec::new();
    for op in ops {
        match op {
            Op::Put(key, _) | Op::Del(key) | Op::Add(key, _) => {
                out.push(0);
                bytes(key, &mut out);
            }
            Op::DelRange(range, _) => {
                out.push(1);
                bytes(&range.start, &mut out);
                bytes(&range.end, &mut out);
            }
        }
    }
    out
}

pub(super) fn read(mut input: &[u8]) -> Result<Vec<Touched>, StoreError> {
    let mut touched = Vec::new();
    while !input.is_empty() {
        touched.push(item(&mut input).ok_or_else(|| StoreError::corrupt("a row of the change log"))?);
    }
    Ok(touched)
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    // Keys are short: MAX_KEY.
    out.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(bytes);
}

fn item(input: &mut &[u8]) -> Option<Touched> {
    let (tag, rest) = input.split_first()?;
    *input = rest;
    match tag {
        0 => Some(Touched::Key(take(input)?)),
        1 => Some(Touched::Range(Range { start: take(input)?, end: take(input)? })),
        _ => None,
    }
}

fn take(input: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = input.split_first_chunk()?;
    let (bytes, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *input = rest;
    Some(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_commit_touched_is_read_back() {
        let range = Range::prefix(b"b");
        let ops = [Op::Put(b"a".to_vec(), vec![1]), Op::Del(Vec::new()), Op::DelRange(range, 3)];
        let touched: Vec<Touched> = ops.iter().map(Op::touched).collect();
        let row = write(&ops);
        assert_eq!(read(&row), Ok(touched));
        assert!(read(&row[..row.len() - 1]).is_err());
    }
}
