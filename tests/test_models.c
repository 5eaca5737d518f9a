/* models/: the built-in networks against their published sizes, and the reader's refusals. */
#include "models/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Parameter counts as torchvision and the GPT-2 paper's 124M checkpoint publish them; the number of
 * tensors as a module's named_parameters() lists them; the elements of tensors with more than one
 * dimension: the parameters less biases and norm scales. */
static const struct {
    const char *name;
    uint64_t parameters;
    size_t tensors;
    uint64_t centred;
} published[] = {
    {"resnet50", 25557032, 161, 25502912},
    {"vgg16", 138357544, 32, 138344128},
    {"mobilenet_v2", 3504872, 158, 3469760},
    {"vit_b16", 86567656, 152, 86444544},
    {"gpt2_124m", 124439808, 148, 124318464},
    {"fasterrcnn_resnet50_fpn", 41755286, 83, 41750464},
    {"maskrcnn_resnet50_fpn", 44401393, 95, 44395200},
};

static gcs_model load(const char *name) {
    gcs_model model;
    char error[256] = "";
    if (!gcs_model_load(&model, name, error, sizeof error))
        fail_msg("%s", error);
    return model;
}

static uint64_t elements_of(gcs_tensor tensor) {
    return tensor.rows * tensor.cols;
}

static void test_published_sizes(void **state) {
    (void)state;
    assert_int_equal(gcs_model_builtin_count(), sizeof published / sizeof published[0]);
    assert_null(gcs_model_builtin_name(gcs_model_builtin_count()));
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        assert_string_equal(gcs_model_builtin_name(i), published[i].name);
        gcs_model model = load(published[i].name);
        assert_string_equal(model.name, published[i].name);
        assert_int_equal(gcs_model_parameters(&model), published[i].parameters);
        assert_int_equal(model.count, published[i].tensors);
        gcs_model_free(&model);
        assert_null(model.tensors);
    }
}

/* The authors' rule: what has more than one dimension is centred, and nothing else. */
static void test_what_is_centred(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        gcs_model model = load(published[i].name);
        uint64_t centred = 0;
        for (size_t j = 0; j < model.count; j++) {
            const gcs_model_tensor *tensor = &model.tensors[j];
            gcs_tensor view = gcs_model_as_tensor(tensor);
            assert_int_equal(elements_of(view), gcs_model_tensor_elements(tensor));
            assert_int_equal(view.layout, tensor->layout);
            assert_int_equal(tensor->layout != GCS_LAYOUT_FLAT, tensor->rank > 1);
            bool one_dimension = tensor->kind == GCS_KIND_BIAS || tensor->kind == GCS_KIND_NORM;
            assert_int_equal(one_dimension, tensor->rank == 1);
            assert_int_equal(tensor->kind == GCS_KIND_CONV, tensor->rank == 4);
            if (view.layout != GCS_LAYOUT_FLAT)
                centred += elements_of(view);
        }
        assert_int_equal(centred, published[i].centred);
        gcs_model_free(&model);
    }
}

static void test_names_are_unique(void **state) {
    (void)state;
    for (size_t i = 0; i < gcs_model_builtin_count(); i++) {
        gcs_model model = load(gcs_model_builtin_name(i));
        for (size_t j = 0; j < model.count; j++)
            for (size_t k = 0; k < j; k++)
                assert_string_not_equal(model.tensors[j].name, model.tensors[k].name);
        gcs_model_free(&model);
    }
}

static void check_tensor(const char *network, const char *name, gcs_kind kind, gcs_layout layout,
                         uint64_t rows, uint64_t cols) {
    gcs_model model = load(network);
    const gcs_model_tensor *found = NULL;
    for (size_t i = 0; i < model.count; i++)
        if (strcmp(model.tensors[i].name, name) == 0)
            found = &model.tensors[i];
    assert_non_null(found);
    gcs_tensor view = gcs_model_as_tensor(found);
    assert_int_equal(found->kind, kind);
    assert_int_equal(view.layout, layout);
    assert_int_equal(view.rows, rows);
    assert_int_equal(view.cols, cols);
    gcs_model_free(&model);
}

static void test_known_tensors(void **state) {
    (void)state;
    check_tensor("resnet50", "conv1.weight", GCS_KIND_CONV, GCS_LAYOUT_ROWS, 64, 147);
    check_tensor("resnet50", "layer4.1.conv2.weight", GCS_KIND_CONV, GCS_LAYOUT_ROWS, 512, 4608);
    check_tensor("resnet50", "fc.weight", GCS_KIND_LINEAR, GCS_LAYOUT_ROWS, 1000, 2048);
    check_tensor("resnet50", "layer4.2.bn3.bias", GCS_KIND_NORM, GCS_LAYOUT_FLAT, 1, 2048);
    check_tensor("vgg16", "classifier.0.weight", GCS_KIND_LINEAR, GCS_LAYOUT_ROWS, 4096, 25088);
    check_tensor("mobilenet_v2", "features.17.conv.1.0.weight", GCS_KIND_CONV, GCS_LAYOUT_ROWS, 960,
                 9);
    check_tensor("vit_b16", "encoder.pos_embedding", GCS_KIND_EMBEDDING, GCS_LAYOUT_ROWS, 1,
                 197 * 768);
    check_tensor("gpt2_124m", "transformer.wte.weight", GCS_KIND_EMBEDDING, GCS_LAYOUT_ROWS, 50257,
                 768);
    check_tensor("gpt2_124m", "transformer.h.11.mlp.c_fc.weight", GCS_KIND_LINEAR, GCS_LAYOUT_COLS,
                 768, 3072);
    check_tensor("maskrcnn_resnet50_fpn", "roi_heads.box_head.fc6.weight", GCS_KIND_LINEAR,
                 GCS_LAYOUT_ROWS, 1024, 12544);
}

/* ---- Files ------------------------------------------------------------------------------- */

static char path[] = "test_models_XXXXXX";

/* Puts the text into the scratch file and reads it as a model. */
static bool read_text(const char *text, size_t size, gcs_model *model, char error[512]) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    error[0] = '\0';
    return gcs_model_read(model, path, error, 512);
}

/* Reading must fail with an error that begins with the path and `where` and holds `what`. */
static void refuse_bytes(const char *text, size_t size, const char *where, const char *what) {
    gcs_model model;
    char error[512];
    if (read_text(text, size, &model, error))
        fail_msg("accepted; expected: %s", what);
    char begin[64];
    snprintf(begin, sizeof begin, "%s:%s", path, where);
    if (strncmp(error, begin, strlen(begin)) != 0 || strstr(error, what) == NULL)
        fail_msg("'%s' does not begin with '%s' and hold '%s'", error, begin, what);
    assert_null(model.tensors);
    assert_int_equal(model.count, 0);
}

static void refuse(const char *text, const char *where, const char *what) {
    refuse_bytes(text, strlen(text), where, what);
}

static void test_accepted_forms(void **state) {
    (void)state;
    static const char *const texts[] = {
        "# a comment\n\na\t64x3x7x7\tconv\trows\nb\t7\tbias\tflat\n",
        "a\t64x3x7x7\tconv\trows\nb\t7\tbias\tflat",                      /* no last newline */
        "# x\r\n\r\na\t64x3x7x7\tconv\trows\r\nb\t7\tbias\tflat\r\n\r\n", /* CRLF */
        "a\t64x3x7x7\tconv\trows\nb\t7\tbias\tflat\r",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        gcs_model model;
        char error[512];
        if (!read_text(texts[i], strlen(texts[i]), &model, error))
            fail_msg("%s", error);
        assert_int_equal(model.count, 2);
        assert_string_equal(model.name, path);
        assert_string_equal(model.tensors[0].name, "a");
        assert_int_equal(model.tensors[0].kind, GCS_KIND_CONV);
        assert_int_equal(model.tensors[0].rank, 4);
        assert_int_equal(model.tensors[0].dims[3], 7);
        assert_int_equal(model.tensors[1].layout, GCS_LAYOUT_FLAT);
        assert_int_equal(gcs_model_parameters(&model), 64 * 147 + 7);
        gcs_model_free(&model);
    }
}

/* What GCSTEP_RECORD writes: names repeat. And a user may leave a matrix uncentred. */
static void test_recorded_lines(void **state) {
    (void)state;
    static const char text[] = "shape_512x4608\t512x4608\tlinear\trows\n"
                               "shape_512x4608\t512x4608\tlinear\trows\n"
                               "shape_768x3072\t768x3072\tlinear\tcols\n"
                               "shape_512\t512\tbias\tflat\n"
                               "never_centred\t4x128\tlinear\tflat\n";
    gcs_model model;
    char error[512];
    if (!read_text(text, strlen(text), &model, error))
        fail_msg("%s", error);
    assert_int_equal(model.count, 5);
    gcs_tensor cols = gcs_model_as_tensor(&model.tensors[2]);
    assert_int_equal(cols.layout, GCS_LAYOUT_COLS);
    assert_int_equal(cols.rows, 768);
    assert_int_equal(cols.cols, 3072);
    for (size_t i = 3; i < 5; i++) {
        gcs_tensor flat = gcs_model_as_tensor(&model.tensors[i]);
        assert_int_equal(flat.layout, GCS_LAYOUT_FLAT);
        assert_int_equal(flat.rows, 1);
        assert_int_equal(flat.cols, 512);
    }
    gcs_model_free(&model);
}

static void test_refused_fields(void **state) {
    (void)state;
    refuse("a\t2x3\tconv\trows\nb\t2x3\tdense\trows\n", "2:", "kind: 'dense'");
    refuse("a\t2x3\tCONV\trows\n", "1:", "kind: 'CONV'");
    refuse("# one\n\na\t2x3\tconv\trow\n", "3:", "layout: 'row'");
    refuse("a\t7\tbias\trows\n", "1:", "must be flat");
    refuse("a\t7\tbias\tcols\n", "1:", "must be flat");
    refuse("a\n", "1:", "'dims' is missing");
    refuse("a\t2x3\n", "1:", "'kind' is missing");
    refuse("a\t2x3\tconv\n", "1:", "'layout' is missing");
    refuse("a\t2x3\tconv\trows\t\n", "1:", "after the field 'layout'");
    refuse("\t2x3\tconv\trows\n", "1:", "'name' is empty");
    refuse("a\t\tconv\trows\n", "1:", "'dims' is empty");
    refuse("a\t2x3\t\trows\n", "1:", "'kind' is empty");
    refuse("a\t2x3\tconv\t\n", "1:", "'layout' is empty");
    refuse("a 2x3 conv rows\n", "1:", "'dims' is missing");
    refuse("a\t2x3\tconv\trows \n", "1:", "layout: 'rows '");
}

static void test_refused_dims(void **state) {
    (void)state;
    static const char *const bad[] = {"x",    "2x",  "x3",    "2xx3", "-2x3", "+2",
                                      "2 x3", "2X3", "0x2x3", "1.5",  "02x3", "ten"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "a\t%s\tconv\trows\n", bad[i]);
        refuse(text, "1:", "dims: ");
    }
    refuse("a\t2x0\tconv\trows\n", "1:", "a dimension is 0");
    refuse("a\t1x1x1x1x1x1x1x1x1\tconv\trows\n", "1:", "more than 8 dimensions");
    refuse("a\t18446744073709551616\tbias\tflat\n", "1:", "does not fit in 64 bits");
    refuse("a\t99999999999999999999\tbias\tflat\n", "1:", "does not fit in 64 bits");
    refuse("a\t999999999999999999999\tbias\tflat\n", "1:", "not a positive integer");
    refuse("a\t4294967296x4294967296\tlinear\trows\n", "1:", "in bytes does not fit in 64 bits");
    refuse("a\t4611686018427387904\tbias\tflat\n", "1:", "in bytes does not fit in 64 bits");

    gcs_model model; /* the largest tensor that has a size in bytes, and five of them */
    char error[512];
    static const char largest[] = "a\t4611686018427387903\tbias\tflat\n";
    if (!read_text(largest, strlen(largest), &model, error))
        fail_msg("%s", error);
    assert_int_equal(gcs_model_parameters(&model), UINT64_MAX / 4);
    gcs_model_free(&model);
    char five[5 * sizeof largest] = "";
    for (int i = 0; i < 5; i++)
        strcat(five, largest);
    refuse(five, "5:", "number of parameters so far does not fit");
}

static void test_refused_bytes(void **state) {
    (void)state;
    refuse("", " ", "there is no tensor in it");
    refuse("# only words\n\n", " ", "there is no tensor in it");
    refuse_bytes("a\t2\tbias\tflat\na\0b\t2\tbias\tflat\n", 29, "2:", "NUL byte");
    refuse_bytes("# \0\n", 4, "1:", "NUL byte");
    refuse("a\x01\t2\tbias\tflat\n", "1:", "control character, byte 0x01");
    refuse("a\t2\tbias\r\tflat\n", "1:", "control character, byte 0x0d");
    refuse("a\t2\tbias\tflat\r\r\n", "1:", "control character, byte 0x0d");
}

static void test_refused_lengths(void **state) {
    (void)state;
    char text[1024];
    char longest[96];
    memset(longest, 'n', sizeof longest);
    longest[sizeof longest - 1] = '\0'; /* 95 bytes, the longest name that fits */
    snprintf(text, sizeof text, "%s\t2\tbias\tflat\n", longest);
    gcs_model model;
    char error[512];
    if (!read_text(text, strlen(text), &model, error))
        fail_msg("%s", error);
    assert_string_equal(model.tensors[0].name, longest);
    gcs_model_free(&model);
    snprintf(text, sizeof text, "%sn\t2\tbias\tflat\n", longest);
    refuse(text, "1:", "name: longer than 95 bytes");

    memset(text, '#', 513);
    memcpy(text + 513, "\n", 2);
    refuse(text, "1:", "longer than 512 bytes");
    memcpy(text + 512, "\na\t2\tbias\tflat", 15); /* a line of 512 bytes is allowed */
    if (!read_text(text, strlen(text), &model, error))
        fail_msg("%s", error);
    gcs_model_free(&model);
}

static void test_refused_size(void **state) {
    (void)state;
    static const char line[] = "a\t2\tbias\tflat\n";
    enum { LIMIT = 1 << 16, LENGTH = sizeof line - 1 };
    char *text = malloc((size_t)(LIMIT + 1) * LENGTH);
    assert_non_null(text);
    for (size_t i = 0; i <= LIMIT; i++)
        memcpy(text + i * LENGTH, line, LENGTH);
    gcs_model model;
    char error[512];
    if (!read_text(text, (size_t)LIMIT * LENGTH, &model, error))
        fail_msg("%s", error);
    assert_int_equal(model.count, LIMIT);
    gcs_model_free(&model);
    refuse_bytes(text, (size_t)(LIMIT + 1) * LENGTH, "65537:", "more than 65536 tensors");
    free(text);

    size_t bytes = ((size_t)16 << 20) + 1;
    text = malloc(bytes);
    assert_non_null(text);
    memset(text, '\n', bytes);
    refuse_bytes(text, bytes, " ", "larger than 16777216 bytes");
    refuse_bytes(text, bytes - 1, " ", "there is no tensor in it");
    free(text);
}

static void test_unreadable(void **state) {
    (void)state;
    gcs_model model;
    char error[512] = "";
    assert_false(gcs_model_read(&model, "no/such/file.txt", error, sizeof error));
    assert_non_null(strstr(error, "no/such/file.txt: cannot be opened"));
    assert_null(model.tensors);
    assert_false(gcs_model_read(&model, ".", error, sizeof error));
    assert_non_null(strstr(error, ".: cannot be read"));
    assert_false(gcs_model_load(&model, "resnet51", error, sizeof error));
    assert_non_null(strstr(error, "'resnet51'"));
    assert_non_null(strstr(error, "maskrcnn_resnet50_fpn"));
    assert_null(model.tensors);

    /* A small buffer for the error is not overrun. */
    char small[8] = {0, 0, 0, 0, 0, 0, 0, '!'};
    assert_false(gcs_model_read(&model, "no/such/file.txt", small, 7));
    assert_string_equal(small, "no/suc");
    assert_int_equal(small[7], '!');
}

static int make_scratch(void **state) {
    (void)state;
    int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_scratch(void **state) {
    (void)state;
    return unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_sizes),  cmocka_unit_test(test_what_is_centred),
        cmocka_unit_test(test_names_are_unique), cmocka_unit_test(test_known_tensors),
        cmocka_unit_test(test_accepted_forms),   cmocka_unit_test(test_recorded_lines),
        cmocka_unit_test(test_refused_fields),   cmocka_unit_test(test_refused_dims),
        cmocka_unit_test(test_refused_bytes),    cmocka_unit_test(test_refused_lengths),
        cmocka_unit_test(test_refused_size),     cmocka_unit_test(test_unreadable),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
