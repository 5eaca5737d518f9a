#include "opencl/plan_fixture.h"
int main(void) {
    return 77;
}
