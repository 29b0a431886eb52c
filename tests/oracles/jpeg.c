/* Makes the JPEG files of tests/data/codecs that no other encoder writes, and the pixels that libjpeg-turbo shows for each:
 * unusual sampling factors, scans of some components, restart intervals in progressive files, arithmetic coding. The picture is
 * that of tests/data/codecs/make.py.
 *
 *     gcc -O2 -o jpeg jpeg.c -ljpeg && ./jpeg ../data/codecs      (made with libjpeg-turbo 2.1.5)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>

enum { WIDTH = 37, HEIGHT = 23 };

static void pixel(int x, int y, unsigned char *out) {
    if (x < 9 && y < 6) {
        out[0] = 250, out[1] = 240, out[2] = 20;
    } else if (x == 33) {
        out[0] = 10, out[1] = 20, out[2] = 60;
    } else {
        out[0] = x * 255 / (WIDTH - 1), out[1] = y * 255 / (HEIGHT - 1), out[2] = (x * 5 + y * 7) % 256;
    }
}

struct file {
    const char *name;
    int components;
    /* Sampling factors, across and down, of each component. */
    int factors[3][2];
    /* Components of each scan of a sequential file, one bit each. */
    int scans[4];
    int progressive, restart, arithmetic, rgb;
};

static const struct file FILES[] = {
    {"sampled-440.jpg", 3, {{1, 2}, {1, 1}, {1, 1}}},
    {"sampled-422-as-2x2-1x2.jpg", 3, {{2, 2}, {1, 2}, {1, 2}}},
    {"sampled-444-as-2x1.jpg", 3, {{2, 1}, {2, 1}, {2, 1}}},
    {"sampled-gray-2x2.jpg", 1, {{2, 2}}},
    {"sampled-blue-full.jpg", 3, {{2, 2}, {2, 2}, {1, 1}}},
    {"sampled-luma-half.jpg", 3, {{1, 1}, {2, 2}, {2, 1}}},
    {"sampled-thirds.jpg", 3, {{3, 1}, {1, 1}, {1, 1}}},
    {"sampled-rgb.jpg", 3, {{2, 2}, {1, 1}, {2, 1}}, .rgb = 1},
    {"scans-apart.jpg", 3, {{2, 2}, {1, 1}, {1, 1}}, {1, 2, 4}},
    {"scans-partly.jpg", 3, {{2, 1}, {1, 1}, {1, 1}}, {1, 6}, .restart = 2},
    {"scans-blue-full-progressive.jpg", 3, {{2, 2}, {2, 2}, {1, 1}}, .progressive = 1},
    {"progressive-restarts.jpg", 3, {{2, 2}, {1, 1}, {1, 1}}, .progressive = 1, .restart = 3},
    {"progressive-gray-2x1.jpg", 1, {{2, 1}}, .progressive = 1},
    {"arithmetic-420.jpg", 3, {{2, 2}, {1, 1}, {1, 1}}, .arithmetic = 1},
};

static void encode(const struct file *file, const char *path) {
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    jpeg_scan_info scans[4];
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    FILE *out = fopen(path, "wb");
    jpeg_stdio_dest(&c, out);
    c.image_width = WIDTH, c.image_height = HEIGHT, c.input_components = 3, c.in_color_space = JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_colorspace(&c, file->components == 1 ? JCS_GRAYSCALE : file->rgb ? JCS_RGB : JCS_YCbCr);
    jpeg_set_quality(&c, 90, TRUE);
    for (int i = 0; i < file->components; i++) {
        c.comp_info[i].h_samp_factor = file->factors[i][0];
        c.comp_info[i].v_samp_factor = file->factors[i][1];
    }
    c.restart_interval = file->restart;
    c.arith_code = file->arithmetic;
    if (file->progressive) {
        jpeg_simple_progression(&c);
    } else if (file->scans[0]) {
        int count = 0;
        for (; count < 4 && file->scans[count]; count++) {
            memset(&scans[count], 0, sizeof scans[count]);
            scans[count].Se = 63;
            for (int i = 0; i < 3; i++) {
                if (file->scans[count] & 1 << i) {
                    scans[count].component_index[scans[count].comps_in_scan++] = i;
                }
            }
        }
        c.scan_info = scans, c.num_scans = count;
    }
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < HEIGHT) {
        unsigned char row[WIDTH * 3];
        JSAMPROW rows[1] = {row};
        for (int x = 0; x < WIDTH; x++) {
            pixel(x, c.next_scanline, row + x * 3);
        }
        jpeg_write_scanlines(&c, rows, 1);
    }
    jpeg_finish_compress(&c);
    fclose(out);
}

static void number(FILE *out, unsigned value) {
    for (int i = 0; i < 4; i++) {
        fputc(value >> 8 * i & 255, out);
    }
}

static void expect(const char *path) {
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr errors;
    char name[4096];
    d.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&d);
    FILE *in = fopen(path, "rb");
    jpeg_stdio_src(&d, in);
    jpeg_read_header(&d, TRUE);
    d.out_color_space = d.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&d);
    snprintf(name, sizeof name, "%s.rgba", path);
    FILE *out = fopen(name, "wb");
    number(out, d.output_width), number(out, d.output_height);
    while (d.output_scanline < d.output_height) {
        unsigned char row[WIDTH * 3];
        JSAMPROW rows[1] = {row};
        int samples = d.output_components;
        jpeg_read_scanlines(&d, rows, 1);
        for (int x = 0; x < WIDTH; x++) {
            for (int i = 0; i < 3; i++) {
                fputc(row[x * samples + (samples == 3 ? i : 0)], out);
            }
            fputc(255, out);
        }
    }
    fclose(out);
    fclose(in);
}

int main(int count, char **arguments) {
    if (count != 2) {
        return fprintf(stderr, "jpeg FOLDER\n"), 1;
    }
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char path[4000];
        snprintf(path, sizeof path, "%s/%s", arguments[1], FILES[i].name);
        encode(&FILES[i], path);
        expect(path);
    }
    return 0;
}
