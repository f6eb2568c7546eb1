/* Written by tenth: the weights of model.c, exactly. */

#include <stdint.h>

extern const float words_table[88];
_Alignas(64) const float words_table[88] = {
    0x1.780654p-1f, -0x1.1fcceap-4f, 0x1.55bb1cp-2f, 0x1.767bc2p-1f, -0x1.04042ep+0f, 0x1.1d05ap-3f,
    -0x1.1d3a4cp+1f, -0x1.76fbd2p+1f, 0x1.66185ep+0f, -0x1.be576p-3f, -0x1.f40f72p-1f, -0x1.3e236ap-3f,
    -0x1.43f058p+0f, -0x1.d0af04p+0f, -0x1.c4c5a2p-2f, 0x1.1662aap-1f, -0x1.dc60acp-3f, 0x1.7a1d2p-4f,
    0x1.c3e6d2p-1f, -0x1.9b3764p-2f, 0x1.b90638p-2f, 0x1.56b848p-1f, 0x1.461f2ap-3f, -0x1.e9689p-2f,
    0x1.7beb7ep-1f, -0x1.9ca1f6p-1f, 0x1.053da6p+0f, 0x1.a3cb7ep-1f, 0x1.4d520cp+0f, 0x1.7a17f8p+0f,
    -0x1.ceea06p+0f, 0x1.c9ff9ep-1f, 0x1.5ea75cp-5f, -0x1.9d6398p+0f, 0x1.24971ep-1f, -0x1.10ad54p+1f,
    -0x1.201c52p-1f, 0x1.fa2cf6p-4f, 0x1.48a0a6p-4f, 0x1.86b13cp-2f, -0x1.53ddaap-1f, -0x1.26b05cp+0f,
    -0x1.023bb4p+0f, -0x1.9450cp-3f, -0x1.e4c9c2p-1f, -0x1.6f552cp-1f, -0x1.489bbcp-3f, -0x1.cfae4p-2f,
    -0x1.97592ep+0f, -0x1.812f92p-1f, 0x1.7b71ecp-1f, 0x1.7a132p-1f, -0x1.e0b8c2p-2f, 0x1.70a3e2p+0f,
    0x1.15d414p+0f, -0x1.32136ap-3f, -0x1.a234bp-2f, 0x1.297b68p-1f, 0x1.43938p+0f, 0x1.0e21b2p-3f,
    0x1.d5d252p-3f, 0x1.a4673cp-1f, -0x1.123a18p+0f, -0x1.57443ep+0f, -0x1.fe4d2ap-3f, 0x1.f08cd8p-1f,
    0x1.d2b3fap+0f, -0x1.5a72cep-2f, 0x1.b84bc2p-2f, 0x1.4ad158p-1f, -0x1.9022cap-3f, -0x1.1ed28p-2f,
    -0x1.97aaa4p+0f, 0x1.5f1dd2p-1f, -0x1.e35ba2p-1f, -0x1.5edd7ap+0f, 0x1.baf2d8p-1f, -0x1.00196cp-1f,
    -0x1.1c23b4p-1f, -0x1.01e3d4p+0f, -0x1.413b46p-4f, 0x1.c0e8e8p-1f, -0x1.8cff6ep-8f, 0x1.6121a2p+0f,
    0x1.bf4d98p+0f, -0x1.4f9b58p-2f, -0x1.833e28p-1f, -0x1.5614bp-1f};

extern const float words_bias[5];
_Alignas(64) const float words_bias[5] = {
    -0x1.c174fp-1f, -0x1.37437cp-2f, -0x1.9a5b8cp-2f, 0x1.6c2c82p+0f, 0x1.2a4844p+0f};

extern const float words_weight_values[20];
_Alignas(64) const float words_weight_values[20] = {
    -0x1.6daf2p+0f, 0x1.e1cf48p+0f, 0x1.ab3a78p-2f, 0x1.c627b8p+0f, -0x1.193a1p-1f, -0x1.eb19bep-2f,
    -0x1.a5bb38p-1f, 0x1.efbacp-2f, 0x1.421be2p-3f, -0x1.bda74p-6f, 0x1.6fe60ap-1f, 0x1.d920d6p-1f,
    0x1.62ba88p-2f, 0x1.6fd81ap+0f, -0x1.0c2f1p-2f, 0x1.07762ap-2f, -0x1.fe6826p-2f, -0x1.2043a4p+0f,
    -0x1.4fb4bp+0f, 0x1.c534bp-5f};

extern const int32_t words_weight_indices[20];
_Alignas(64) const int32_t words_weight_indices[20] = {
    1, 3, 5, 7, 1, 3, 5, 7, 1, 3, 5, 7,
    1, 3, 5, 7, 1, 3, 5, 7};

extern const int32_t words_weight_starts[6];
_Alignas(64) const int32_t words_weight_starts[6] = {
    0, 4, 8, 12, 16, 20};
