/* The built-in networks: the files of this folder, compiled in. */
#include "models/model.h"
#include "models/parse.h"

#include <stdio.h>
#include <string.h>

/* In the order of the README's table. models/CMakeLists.txt makes gcs_model_text_<name> of each. */
#define BUILTIN_MODELS(X)                                                                          \
    X(resnet50)                                                                                    \
    X(vgg16)                                                                                       \
    X(mobilenet_v2)                                                                                \
    X(vit_b16)                                                                                     \
    X(gpt2_124m)                                                                                   \
    X(fasterrcnn_resnet50_fpn)                                                                     \
    X(maskrcnn_resnet50_fpn)

#define DECLARE(name) extern const char gcs_model_text_##name[];
BUILTIN_MODELS(DECLARE)

#define ENTRY(name) {#name, gcs_model_text_##name},
static const struct {
    const char *name;
    const char *text;
} builtin[] = {BUILTIN_MODELS(ENTRY)};

size_t gcs_model_builtin_count(void) {
    return sizeof builtin / sizeof builtin[0];
}

const char *gcs_model_builtin_name(size_t index) {
    return index < gcs_model_builtin_count() ? builtin[index].name : NULL;
}

static void unknown_name(const char *name, char *error, size_t error_size) {
    char names[256] = "";
    for (size_t i = 0; i < gcs_model_builtin_count(); i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", builtin[i].name);
    }
    snprintf(error, error_size, "there is no built-in network '%s'; there are %s", name, names);
}

bool gcs_model_load(gcs_model *model, const char *builtin_name, char *error, size_t error_size) {
    *model = (gcs_model){0};
    for (size_t i = 0; i < gcs_model_builtin_count(); i++) {
        if (strcmp(builtin[i].name, builtin_name) != 0)
            continue;
        const char *text = builtin[i].text;
        if (!gcs_model_parse(model, builtin_name, text, strlen(text), error, error_size))
            return false;
        snprintf(model->name, sizeof model->name, "%s", builtin_name);
        return true;
    }
    unknown_name(builtin_name, error, error_size);
    return false;
}
