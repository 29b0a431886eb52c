static CONST1: i64 = 20091;
static CONST2: i64 = 35468;

/// The inverse transformation of a block, of which all coefficients after the first are zero unless `beyond_dc`.
#[inline(never)]
pub(crate) fn idct(block: &mut [i32; 16], beyond_dc: bool) {
    if !beyond_dc {
        *block = [(block[0] + 4) >> 3; 16];
    } else if block.iter().all(|&number| (-8191..=8191).contains(&number)) {
        small_idct4x4(block);
    } else {
        idct4x4(block);
    }
}

/// [`idct4x4`] of numbers up to 8191, with which nothing in it exceeds 32 bits: after the first pass they are up to 31520.
#[inline(always)]
fn small_idct4x4(block: &mut [i32; 16]) {
    #[inline(always)]
    fn pass(rows: [[i32; 4]; 4]) -> [[i32; 4]; 4] {
        let mut out = [[0; 4]; 4];
        for i in 0..4 {
            let [r0, r1, r2, r3] = [rows[0][i], rows[1][i], rows[2][i], rows[3][i]];
            let (a1, b1) = (r0 + r2, r0 - r2);
            let c1 = ((r1 * 35468) >> 16) - (r3 + ((r3 * 20091) >> 16));
            let d1 = r1 + ((r1 * 20091) >> 16) + ((r3 * 35468) >> 16);
            out[0][i] = a1 + d1;
            out[1][i] = b1 + c1;
            out[2][i] = b1 - c1;
            out[3][i] = a1 - d1;
        }
        out
    }
    #[inline(always)]
    fn transposed(rows: [[i32; 4]; 4]) -> [[i32; 4]; 4] {
        let [a, b, c, d] = rows;
        [
            [a[0], b[0], c[0], d[0]],
            [a[1], b[1], c[1], d[1]],
            [a[2], b[2], c[2], d[2]],
            [a[3], b[3], c[3], d[3]],
        ]
    }
    let mut rows = [[0; 4]; 4];
    rows.as_flattened_mut().copy_from_slice(block);
    let mut columns = pass(transposed(pass(rows)));
    for row in &mut columns {
        for number in row {
            *number = (*number + 4) >> 3;
        }
    }
    block.copy_from_slice(transposed(columns).as_flattened());
}

pub(crate) fn idct4x4(block: &mut [i32]) {
    // The intermediate results may overflow the types, so we stretch the type.
    fn fetch(block: &[i32], idx: usize) -> i64 {
        i64::from(block[idx])
    }

    // Perform one lenght check up front to avoid subsequent bounds checks in this function
    assert!(block.len() >= 16);

    for i in 0usize..4 {
        let a1 = fetch(block, i) + fetch(block, 8 + i);
        let b1 = fetch(block, i) - fetch(block, 8 + i);

        let t1 = (fetch(block, 4 + i) * CONST2) >> 16;
        let t2 = fetch(block, 12 + i) + ((fetch(block, 12 + i) * CONST1) >> 16);
        let c1 = t1 - t2;

        let t1 = fetch(block, 4 + i) + ((fetch(block, 4 + i) * CONST1) >> 16);
        let t2 = (fetch(block, 12 + i) * CONST2) >> 16;
        let d1 = t1 + t2;

        block[i] = (a1 + d1) as i32;
        block[4 + i] = (b1 + c1) as i32;
        block[4 * 3 + i] = (a1 - d1) as i32;
        block[4 * 2 + i] = (b1 - c1) as i32;
    }

    for i in 0usize..4 {
        let a1 = fetch(block, 4 * i) + fetch(block, 4 * i + 2);
        let b1 = fetch(block, 4 * i) - fetch(block, 4 * i + 2);

        let t1 = (fetch(block, 4 * i + 1) * CONST2) >> 16;
        let t2 = fetch(block, 4 * i + 3) + ((fetch(block, 4 * i + 3) * CONST1) >> 16);
        let c1 = t1 - t2;

        let t1 = fetch(block, 4 * i + 1) + ((fetch(block, 4 * i + 1) * CONST1) >> 16);
        let t2 = (fetch(block, 4 * i + 3) * CONST2) >> 16;
        let d1 = t1 + t2;

        block[4 * i] = ((a1 + d1 + 4) >> 3) as i32;
        block[4 * i + 3] = ((a1 - d1 + 4) >> 3) as i32;
        block[4 * i + 1] = ((b1 + c1 + 4) >> 3) as i32;
        block[4 * i + 2] = ((b1 - c1 + 4) >> 3) as i32;
    }
}

// 14.3
pub(crate) fn iwht4x4(block: &mut [i32]) {
    // Perform one length check up front to avoid subsequent bounds checks in this function
    assert!(block.len() >= 16);

    for i in 0usize..4 {
        let a1 = block[i] + block[12 + i];
        let b1 = block[4 + i] + block[8 + i];
        let c1 = block[4 + i] - block[8 + i];
        let d1 = block[i] - block[12 + i];

        block[i] = a1 + b1;
        block[4 + i] = c1 + d1;
        block[8 + i] = a1 - b1;
        block[12 + i] = d1 - c1;
    }

    for block in block.chunks_exact_mut(4) {
        let a1 = block[0] + block[3];
        let b1 = block[1] + block[2];
        let c1 = block[1] - block[2];
        let d1 = block[0] - block[3];

        let a2 = a1 + b1;
        let b2 = c1 + d1;
        let c2 = a1 - b1;
        let d2 = d1 - c1;

        block[0] = (a2 + 3) >> 3;
        block[1] = (b2 + 3) >> 3;
        block[2] = (c2 + 3) >> 3;
        block[3] = (d2 + 3) >> 3;
    }
}
