/**
 * Character classes, shipped so that both twins agree whatever Unicode their host knows.
 *
 * Each table is a list of hexadecimal ranges; what is in no table is a letter or a digit.
 * The Python twin, `character_tables.py`, holds the same strings.
 */

/** punctuation, symbols, emoji, controls: each is a token of its own */
export const SIGNS =
  "0-8 e-1b 21-2f 3a-40 5b-5e 60 7b-84 86-9f a1-a9 ab-ac ae-b1 b4 b6-b8 bb bf d7 f7 2c2-2c5 " +
  "2d2-2df 2e5-2eb 2ed 2ef-2ff 375 37e 384-385 387 3f6 482 55a-55f 589-590 5be 5c0 5c3 5c6 " +
  "5f3-60f 61b 61d-61f 66a-66d 6d4 6dd-6de 6e9 6fd-6fe 700-70f 7f6-7f9 7fe-7ff 830-83f " +
  "85e-85f 888 890-897 8e2 964-965 970 9f2-9f3 9fa-9fb 9fd a76-a80 af0-af8 b70 bf3-bff c77 " +
  "c7f c84 d4f-d53 d79 df4-dff e3f e4f e5a-e5b f01-f17 f1a-f1f f34 f36 f38 f3a-f3d f85 " +
  "fbe-fc5 fc7-fcc fce-fda 104a-104f 109e-109f 10fb 1360-1368 1390-139f 1400 166d-166e " +
  "169b-169f 16eb-16ed 1735-173f 17d4-17d6 17d8-17db 1800-180a 1940-1945 19de-19ff " +
  "1a1e-1a1f 1aa0-1aa6 1aa8-1aad 1b5a-1b6a 1b74-1b7f 1bfc-1bff 1c3b-1c3f 1c7e-1c7f " +
  "1cc0-1ccf 1cd3 1fbd 1fbf-1fc1 1fcd-1fcf 1fdd-1fdf 1fed-1ff1 1ffd-1fff 2010-2027 " +
  "2030-205e 207a-207e 208a-208f 20a0-20cf 2100-2101 2103-2106 2108-2109 2114 2116-2118 " +
  "211e-2123 2125 2127 2129 212e 213a-213b 2140-2144 214a-214d 214f 218a-245f 249c-24e9 " +
  "2500-2775 2794-2bff 2ce5-2cea 2cf9-2cfc 2cfe-2cff 2d70-2d7e 2e00-2e2e 2e30-2e99 " +
  "2e9b-2ef3 2f00-2fd5 2ff0-2fff 3001-3004 3008-3020 3030 3036-3037 303d-303f 309b-309c " +
  "30a0 30fb 3190-3191 3196-319f 31c0-31e3 3200-321f 322a-3247 3250 3260-327f 328a-32b0 " +
  "32c0-33ff 4dc0-4dff a490-a4c6 a4fe-a4ff a60d-a60f a673 a67e a6f2-a716 a720-a721 " +
  "a789-a78a a828-a82b a836-a83f a874-a87f a8ce-a8cf a8f8-a8fa a8fc a92e-a92f a95f " +
  "a9c1-a9ce a9de-a9df aa5c-aa5f aa77-aa79 aade-aadf aaf0-aaf1 ab5b ab6a-ab6f abeb " +
  "d800-f8ff fb29 fbb2-fbd2 fd3e-fd4f fdcf-fdef fdfc-fdff fe10-fe1f fe30-fe6f ff01-ff0f " +
  "ff1a-ff20 ff3b-ff40 ff5b-ff65 ffe0-ffff 10100-10106 10137-1013f 10179-10189 1018c-101fc " +
  "1039f 103d0 1056f 10857 10877-10878 1091f 1093f-1097f 10a50-10a5f 10a7f 10ac8 " +
  "10af0-10aff 10b39-10b3f 10b99-10ba8 10ead-10eaf 10f55-10f6f 10f86-10faf 11047-11051 " +
  "110bb-110c1 110cd-110cf 11140-11143 11174-11175 111c5-111c8 111cd 111db 111dd-111e0 " +
  "11238-1123d 112a9-112af 1144b-1144f 1145a-1145d 114c6 115c1-115d7 11641-11643 " +
  "11660-1167f 116b9-116bf 1173c-1173f 1183b-1189f 11944-1194f 119e2 11a3f-11a46 " +
  "11a9a-11a9c 11a9e-11aaf 11c41-11c4f 11c70-11c71 11ef7-11faf 11fd5-11fff 12470-1247f " +
  "12ff1-12fff 13430-143ff 16a6e-16a6f 16af5-16aff 16b37-16b3f 16b44-16b4f 16e97-16eff " +
  "16fe2 1bc9c 1bc9f-1ceff 1cf50-1d164 1d16a-1d16c 1d173-1d17a 1d183-1d184 1d18c-1d1a9 " +
  "1d1ae-1d241 1d245-1d2df 1d300-1d35f 1d6c1 1d6db 1d6fb 1d715 1d735 1d74f 1d76f 1d789 " +
  "1d7a9 1d7c3 1d800-1d9ff 1da37-1da3a 1da6d-1da74 1da76-1da83 1da85-1da9a 1e14f-1e28f " +
  "1e2ff-1e7df 1e95e-1ec70 1ecac 1ecb0 1ed2e 1eef0-1f0ff 1f10d-1fbef f0000-10ffff";

/** combining marks: they never stand alone */
export const MARKS =
  "300-34e 350-36f 483-489 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 64b-65f 670 6d6-6dc " +
  "6df-6e4 6e7-6e8 6ea-6ed 711 730-74a 7a6-7b0 7eb-7f3 7fd 816-819 81b-823 825-827 829-82d " +
  "859-85b 898-89f 8ca-8e1 8e3-903 93a-93c 93e-94f 951-957 962-963 981-983 9bc 9be-9c4 " +
  "9c7-9c8 9cb-9cd 9d7 9e2-9e3 9fe a01-a03 a3c a3e-a42 a47-a48 a4b-a4d a51 a70-a71 a75 " +
  "a81-a83 abc abe-ac5 ac7-ac9 acb-acd ae2-ae3 afa-aff b01-b03 b3c b3e-b44 b47-b48 b4b-b4d " +
  "b55-b57 b62-b63 b82 bbe-bc2 bc6-bc8 bca-bcd bd7 c00-c04 c3c c3e-c44 c46-c48 c4a-c4d " +
  "c55-c56 c62-c63 c81-c83 cbc cbe-cc4 cc6-cc8 cca-ccd cd5-cd6 ce2-ce3 d00-d03 d3b-d3c " +
  "d3e-d44 d46-d48 d4a-d4d d57 d62-d63 d81-d83 dca dcf-dd4 dd6 dd8-ddf df2-df3 e31 e34-e3a " +
  "e47-e4e eb1 eb4-ebc ec8-ecd f18-f19 f35 f37 f39 f3e-f3f f71-f84 f86-f87 f8d-f97 f99-fbc " +
  "fc6 102b-103e 1056-1059 105e-1060 1062-1064 1067-106d 1071-1074 1082-108d 108f 109a-109d " +
  "135d-135f 1712-1715 1732-1734 1752-1753 1772-1773 17b6-17d3 17dd 1885-1886 18a9 " +
  "1920-192b 1930-193b 1a17-1a1b 1a55-1a5e 1a60-1a7c 1a7f 1ab0-1ace 1b00-1b04 1b34-1b44 " +
  "1b6b-1b73 1b80-1b82 1ba1-1bad 1be6-1bf3 1c24-1c37 1cd0-1cd2 1cd4-1ce8 1ced 1cf4 " +
  "1cf7-1cf9 1dc0-1dff 20d0-20f0 2cef-2cf1 2d7f 2de0-2dff 302a-302f 3099-309a a66f-a672 " +
  "a674-a67d a69e-a69f a6f0-a6f1 a802 a806 a80b a823-a827 a82c a880-a881 a8b4-a8c5 " +
  "a8e0-a8f1 a8ff a926-a92d a947-a953 a980-a983 a9b3-a9c0 a9e5 aa29-aa36 aa43 aa4c-aa4d " +
  "aa7b-aa7d aab0 aab2-aab4 aab7-aab8 aabe-aabf aac1 aaeb-aaef aaf5-aaf6 abe3-abea " +
  "abec-abed fb1e fe20-fe2f 101fd 102e0 10376-1037a 10a01-10a03 10a05-10a06 10a0c-10a0f " +
  "10a38-10a3a 10a3f 10ae5-10ae6 10d24-10d27 10eab-10eac 10f46-10f50 10f82-10f85 " +
  "11000-11002 11038-11046 11070 11073-11074 1107f-11082 110b0-110ba 110c2 11100-11102 " +
  "11127-11134 11145-11146 11173 11180-11182 111b3-111c0 111c9-111cc 111ce-111cf " +
  "1122c-11237 1123e 112df-112ea 11300-11303 1133b-1133c 1133e-11344 11347-11348 " +
  "1134b-1134d 11357 11362-11363 11366-1136c 11370-11374 11435-11446 1145e 114b0-114c3 " +
  "115af-115b5 115b8-115c0 115dc-115dd 11630-11640 116ab-116b7 1171d-1172b 1182c-1183a " +
  "11930-11935 11937-11938 1193b-1193e 11940 11942-11943 119d1-119d7 119da-119e0 119e4 " +
  "11a01-11a0a 11a33-11a39 11a3b-11a3e 11a47 11a51-11a5b 11a8a-11a99 11c2f-11c36 " +
  "11c38-11c3f 11c92-11ca7 11ca9-11cb6 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47 " +
  "11d8a-11d8e 11d90-11d91 11d93-11d97 11ef3-11ef6 16af0-16af4 16b30-16b36 16f4f " +
  "16f51-16f87 16f8f-16f92 16fe4 16ff0-16ff1 1bc9d-1bc9e 1cf00-1cf2d 1cf30-1cf46 " +
  "1d165-1d169 1d16d-1d172 1d17b-1d182 1d185-1d18b 1d1aa-1d1ad 1d242-1d244 1da00-1da36 " +
  "1da3b-1da6c 1da75 1da84 1da9b-1da9f 1daa1-1daaf 1e000-1e006 1e008-1e018 1e01b-1e021 " +
  "1e023-1e024 1e026-1e02a 1e130-1e136 1e2ae 1e2ec-1e2ef 1e8d0-1e8d6 1e944-1e94a";

/** white space */
export const SPACES =
  "9-d 1c-20 85 a0 1680 2000-200a 2028-2029 202f 205f 3000";

/** soft hyphen, joiners, variation selectors, bidi controls: no meaning for matching */
export const IGNORABLES =
  "ad 34f 61c 640 17b4-17b5 180b-180f 200b-200f 202a-202e 2060-206f fe00-fe0f feff " +
  "e0000-e007f e0100-e01ef";

/** scripts written without spaces between words: each character is a token */
export const SINGLES =
  "e00-e30 e32-e33 e3b-e3e e40-e46 e50-e59 e5c-eb0 eb2-eb3 ebd-ec7 ece-f00 f20-f33 f40-f70 " +
  "f88-f8c f98 fbd fcd fdb-102a 103f-1049 1050-1055 105a-105d 1061 1065-1066 106e-1070 " +
  "1075-1081 108e 1090-1099 1780-17b3 17d7 17dc 17de-17ff 1950-19dd 1a20-1a54 1a5f " +
  "1a7d-1a7e 1a80-1a9f 1aa7 1aae-1aaf 2e9a 2ef4-2eff 2fd6-2fef 3005-3007 3021-3029 " +
  "3031-3035 3038-303c 3040-3098 309d-309f 30a1-30fa 30fc-3130 31a0-31bf 31e4-31ff " +
  "3400-4dbf 4e00-a48f a4c7-a4cf a9e0-a9e4 a9e6-a9ff aa60-aa76 aa7a aa7e-aa7f f900-faff " +
  "ff66-ff9f 1aff0-1b16f 20000-dffff";
