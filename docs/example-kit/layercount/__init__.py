"""layercount: the multiply-adds of convolutions and linear layers, counted by forward hooks."""

from torch import nn


def conv2d(module, output):
    """One multiply-add for each output element, channel of its group and position of the kernel."""
    height, width = module.kernel_size
    return output.numel() * module.in_channels // module.groups * height * width


def linear(module, output):
    """One multiply-add for each output element and input feature, and one for each bias that is added."""
    return output.numel() * (module.in_features + (module.bias is not None))


RULES = {nn.Conv2d: conv2d, nn.Linear: linear}


def count(model, *inputs, **keywords):
    """Run the model once and give the operations of each module that has a rule, by its path."""
    told, hooks = {}, []
    for path, module in model.named_modules():
        rule = RULES.get(type(module))
        if rule is not None:

            def hook(module, inputs, output, path=path, rule=rule):
                told[path] = told.get(path, 0) + rule(module, output)

            hooks.append(module.register_forward_hook(hook))
    try:
        model(*inputs, **keywords)
    finally:
        for handle in hooks:
            handle.remove()
    return told
