# Script: writes OUTPUT, a C file with the bytes of FILE as the array SYMBOL, ended by 0.
# Bytes and not a string literal, since C11 promises only 4,095 characters for a literal.
file(READ ${FILE} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REPEAT "0x..," 16 sixteen_bytes) # CMake's expressions have no {16}
string(REGEX REPLACE "(${sixteen_bytes})" "\\1\n    " bytes "${bytes}")
file(WRITE ${OUTPUT}.tmp
  "extern const char ${SYMBOL}[];\nconst char ${SYMBOL}[] = {\n    ${bytes}0};\n")
file(RENAME ${OUTPUT}.tmp ${OUTPUT})
