//! ECDSA signatures of [`MESSAGE`] that lead arithmetic into its corners.
//!
//! Made by choosing R, r and s first and solving for the public key: nobody knows a private one.

use super::ecdsa::Edge;

/// What the signatures are over.
pub(crate) const MESSAGE: &[u8] = b"keybound";

pub(crate) const P256: &[Edge] = &[
    Edge {
        why: "R has an x between the order and the prime, so r is x minus the order",
        holds: true,
        x: "4b40eb2afc7fc62099665c814d7b04ceac73afc6c9eb3b64ab621c1c4d48c56a",
        y: "21655faf588bc1ac726c9251601dd3434bf5154bf7ad4824b4e16141163a58d8",
        r: "0000000000000000000000000000000000000000000000000000000000000003",
        s: "00000000000000000000000000000000000000000000000000000000000024e9",
    },
    Edge {
        why: "r below the difference of prime and order: r plus the order would be an x",
        holds: true,
        x: "0b3877b118773a639022e00795b7e9fd3aa96bd4990f0abcf7bfbdc431d6c7a0",
        y: "288c26f0fab3a763300d04f2b6110416d080d96c7554a0b30c2eafe08ec2ec35",
        r: "0000000000000000000000000000000000000000000000000000000000000005",
        s: "00000000000000000000000000000000000000000000000000000000000024e9",
    },
    Edge {
        why: "the two halves of the sum are one point, which must be doubled",
        holds: true,
        x: "40a5d0b1b8c7e4eba9b5400a84ca81c8860f3a2cace3f8b813917631e22bcf09",
        y: "7aad09b23ec590651aa8721a39afbf702882f6498a6b1446fe528156065656fc",
        r: "77719368124eb48af4c03020a3e8179b12282a7dd25a7d2a7bc8a54d6383e674",
        s: "f050d747a4eb5f9c0520b8c6fb3dd2472e3bf1377602d230bf79b1153e50dcbd",
    },
    Edge {
        why: "the sum is the point at infinity",
        holds: false,
        x: "40a5d0b1b8c7e4eba9b5400a84ca81c8860f3a2cace3f8b813917631e22bcf09",
        y: "8552f64cc13a6f9be5578de5c650408fd77d09b77594ebb901ad7ea9f9a9a903",
        r: "77719368124eb48af4c03020a3e8179b12282a7dd25a7d2a7bc8a54d6383e674",
        s: "0000000000000000000000000000000000000000000000000000000000003039",
    },
    Edge {
        why: "s is 1",
        holds: true,
        x: "16230a74ee071c125c23ce175afa0f227a18d69669c8e11b54837655e45a6109",
        y: "a5ed324cea0d18f7c9ec4da7bf77847402f0c2784a8889845936b641c9c4d367",
        r: "3cdd8bcf5b734da67714f14a8eed03c766af75e5d0faf1ba04b2eca3bddcd47a",
        s: "0000000000000000000000000000000000000000000000000000000000000001",
    },
    Edge {
        why: "s is the order minus 1",
        holds: true,
        x: "d5d86a042f3677d3a3128144632ecdf56b1f794ee91c31789c22ddb28f0bd398",
        y: "572f5aa5cadedd7bc866efd0a1e6f7fd69e70873eb15ef7b52b0aa85ca527072",
        r: "3cdd8bcf5b734da67714f14a8eed03c766af75e5d0faf1ba04b2eca3bddcd47a",
        s: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
    },
];

pub(crate) const P384: &[Edge] = &[
    Edge {
        why: "R has an x between the order and the prime, so r is x minus the order",
        holds: true,
        x: "6d860f5210cc11983c78a081bf449f3922f7ce83b30c67c1c2dd805254e1b23d8a23f00eca2112bcfb5b6610b8f77db0",
        y: "8767110bd0baf742049b0792e111522eca8af4d5b0e30ff111968bcad707a3f37ffe2c272e2a46ac2b12e8454a8d480b",
        r: "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002",
        s: "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000024e9",
    },
    Edge {
        why: "r below the difference of prime and order: r plus the order would be an x",
        holds: true,
        x: "21fe56f52a0c9b2484b4385c0abdbe927aad7292fe3663ed2e3936a33195e0fdbb007bd2fc3b643ac5b441aa630a5079",
        y: "ff8e0c0b33ddd580e10052d0ec05d9b4943754617f34cf84055bdc275f4af969ea91200ae6705437353c913ad1fe4372",
        r: "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000a",
        s: "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000024e9",
    },
    Edge {
        why: "the two halves of the sum are one point, which must be doubled",
        holds: true,
        x: "7c4b9041360ba2ff0ca006bfc2ae9a2d9e0d4bb0a4a0be606e12fa0a87c1d2d0ca089548cd4124bc1d6435eba781473f",
        y: "fbbbb2a0346a0df00571d407c7561c86edfc4dcded616e6345c1a448e4c13119f6705c1fd595244332cd03edeaed6896",
        r: "ecd44290b77c6397166306bb9f5ea082b25f9c5b96c6477354b7188de00d1b7e9a8398a70170919ea3cb26671a2179e5",
        s: "662fca7139517097b94ffaa8cd816f1702834bc5908dfe159282580a0cdc939ab1e6e371cc84daa16dddb1dec42786e1",
    },
    Edge {
        why: "the sum is the point at infinity",
        holds: false,
        x: "7c4b9041360ba2ff0ca006bfc2ae9a2d9e0d4bb0a4a0be606e12fa0a87c1d2d0ca089548cd4124bc1d6435eba781473f",
        y: "04444d5fcb95f20ffa8e2bf838a9e3791203b232129e919cba3e5bb71b3ecee5098fa3df2a6adbbccd32fc1315129769",
        r: "ecd44290b77c6397166306bb9f5ea082b25f9c5b96c6477354b7188de00d1b7e9a8398a70170919ea3cb26671a2179e5",
        s: "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003039",
    },
    Edge {
        why: "s is 1",
        holds: true,
        x: "73c24a1e001b2739192109aad658a9f3212201a6e9af0802464fa1c7b3709fee3bc6ec4783a4de9fd7747e688de298b8",
        y: "c31d282901f90e5dcc604e14611678a631944a5f508fba9cde50ff1c0a57320938c9a6eabd0b1f5d023d46b9208c23d5",
        r: "63110061e15a51190cef8c3d91f0d705e8a3015d93ba0d39a29cf53272ef075aa258c6a1784f7f42f377dd785ac4ce37",
        s: "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
    },
    Edge {
        why: "s is the order minus 1",
        holds: true,
        x: "46962256c5ac7a3feb9de90364247aecae0ad7875ab8cf086236db56ad8492a3745895abea9a9be3645657b375b8ea0f",
        y: "6d6daba31996cd90cd203b108ba57521ac93ef1b0c8ebbe5311dbd80814165d3500bdfa5abf96d79b557caeaa8a84358",
        r: "63110061e15a51190cef8c3d91f0d705e8a3015d93ba0d39a29cf53272ef075aa258c6a1784f7f42f377dd785ac4ce37",
        s: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52972",
    },
];
